import { readdirSync, readFileSync, writeFileSync } from 'node:fs'

/** Writes `src/migrations.gen.ts` from the folder `migrations`: bundles cannot read files, tests compare the two. */
const folder = new URL('../migrations/', import.meta.url)
const literal = (line: string) =>
  line.includes("'") && !line.includes('"') ? `"${line}"` : `'${line.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`

const entries = readdirSync(folder)
  .filter((name) => name.endsWith('.sql'))
  .sort()
  .map((name) => {
    const lines = readFileSync(new URL(name, folder), 'utf8').split('\n')
    return `  {\n    name: '${name}',\n    sql: [\n${lines.map((line) => `      ${literal(line)},`).join('\n')}\n    ].join('\\n'),\n  },`
  })

writeFileSync(
  new URL('../src/migrations.gen.ts', import.meta.url),
  `import type { Migration } from './d1/migrate.ts'\n\n/** Generated from the folder \`migrations\`; do not edit. */\nexport const MIGRATIONS: readonly Migration[] = [\n${entries.join('\n')}\n]\n`,
)
