import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { cruise } from 'dependency-cruiser'
import { root } from '../lib/run.mjs'
import { sourceFiles } from './sources.mjs'

/** Who may import whom. A target is a path of the tree, or the name of a package that was not resolved to one. */
const part = (...names) => `^(packages|services)/(${names.join('|')})/|^@pilot/(${names.join('|')})(/|$)`
const SERVICES = ['gateway', 'runtime', 'app', 'pilot']
const forbid = (name, from, to) => ({ name, severity: 'error', from: { path: from }, to: { path: to } })

const forbidden = [
  forbid('packages never import services', '^packages/', part(...SERVICES)),
  forbid('only services/pilot imports other services: gateway', '^services/gateway/', part('runtime', 'app', 'pilot')),
  forbid('only services/pilot imports other services: runtime', '^services/runtime/', part('gateway', 'app', 'pilot')),
  forbid('only services/pilot imports other services: app', '^services/app/', part('gateway', 'runtime', 'pilot')),
  forbid(
    'domain imports nothing of ours',
    '^packages/domain/',
    part('protocol', 'backend', 'frontend', 'chamber-ui', ...SERVICES),
  ),
  forbid('protocol imports only domain', '^packages/protocol/', part('backend', 'frontend', 'chamber-ui', ...SERVICES)),
  forbid('backend imports only domain and protocol', '^packages/backend/', part('frontend', 'chamber-ui', ...SERVICES)),
  forbid(
    'frontend imports only domain and protocol',
    '^packages/frontend/',
    part('backend', 'chamber-ui', ...SERVICES),
  ),
  forbid('chamber-ui never imports frontend', '^packages/chamber-ui/', part('frontend', 'backend', ...SERVICES)),
  {
    name: 'no circular imports',
    severity: 'error',
    from: {},
    to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
  },
]

const options = {
  ruleSet: { forbidden },
  validate: true,
  // TypeScript 7 has no parser API, and without a parser this library sees no TypeScript at all.
  parser: 'swc',
  doNotFollow: { path: 'node_modules' },
  exclude: { path: '(^|/)dist/' },
  enhancedResolveOptions: {
    exportsFields: ['exports'],
    conditionNames: ['import', 'default'],
    extensions: ['.ts', '.tsx', '.mjs'],
  },
}

async function violationsOf(folders, baseDir) {
  const { output } = await cruise(folders, { ...options, baseDir })
  return { seen: new Set(output.modules.map((module) => module.source)), violations: output.summary.violations }
}

/** A tree with one import of each forbidden kind: the check is worth nothing if it does not see them. */
async function plantedViolations() {
  const planted = mkdtempSync(join(tmpdir(), 'pilot-boundaries-'))
  try {
    const put = (file, text) => {
      mkdirSync(dirname(join(planted, file)), { recursive: true })
      writeFileSync(join(planted, file), text)
    }
    put('services/gateway/src/b.ts', 'export const b: number = 1\n')
    put('packages/domain/src/a.ts', "import { b } from '../../../services/gateway/src/b.ts'\nexport const a = b\n")
    put('packages/chamber-ui/src/c.ts', "import type { X } from '@pilot/frontend/x'\nexport type C = X\n")
    const { violations } = await violationsOf(['packages', 'services'], planted)
    return violations.map((violation) => violation.rule.name)
  } finally {
    rmSync(planted, { recursive: true, force: true })
  }
}

const { seen, violations } = await violationsOf(['packages', 'services'], root)
const missed = sourceFiles(/^(packages|services)\/[^/]+\/src\/.*\.tsx?$/).filter((file) => !seen.has(file))
for (const file of missed) process.stdout.write(`not seen: ${file}\n`)
for (const { rule, from, to } of violations) process.stdout.write(`${rule.name}: ${from} -> ${to}\n`)
const planted = await plantedViolations()
const proved = [
  'packages never import services',
  'domain imports nothing of ours',
  'chamber-ui never imports frontend',
].every((name) => planted.includes(name))
if (!proved) process.stdout.write(`The planted violations were not found: ${planted.join(', ') || 'none'}\n`)
process.stdout.write(`${seen.size} modules, ${violations.length} violations\n`)
process.exit(missed.length > 0 || violations.length > 0 || !proved ? 1 : 0)
