import { type DemoConversation, lastResult, listedPaths, readContent } from './conversation.ts'
import { fixCart } from './fix-cart.ts'
import { answer, DEMO_NOTICE, type DemoStep, todos } from './step.ts'

/** Decides the next answer from what happened so far; called once per model request. */
export type Scenario = (conversation: DemoConversation) => DemoStep

const LOOK_AROUND = { name: 'glob', args: { pattern: '**/*' } }
const CART = 'src/cart.js'
const CART_TEST = 'test/cart.test.js'
const NOTE = 'PILOT-DEMO.md'

/** Picks the scenario by the words of the prompt; fixing is the default. */
export function scenarioFor(conversation: DemoConversation): Scenario {
  const { prompt } = conversation
  if (/\bquestion\b|\bask me\b/i.test(prompt)) return question
  if (/\bslow(ly)?\b|\blong text\b/i.test(prompt)) return longText
  if (/\bexplain\b|\bdescribe\b|\bhow does\b|\bwhat (is|does)\b|\bunderstand\b/i.test(prompt)) return explain
  return (each) => (isDemoShop(each) ? fixDemoShop(each) : leaveNote(each))
}

function isDemoShop(conversation: DemoConversation): boolean {
  const paths = listedPaths(conversation)
  return paths.includes(CART) && paths.includes(CART_TEST)
}

const fixDemoShop: Scenario = (conversation) => {
  const file = (path: string) => `${conversation.directory}/${path}`
  const runTests = { name: 'bash', args: { command: 'node --test', description: 'Run the tests' } }
  const plan = ['Read the code and its tests', 'Run the tests', 'Fix the cause', 'Run the tests again'] as const
  const planAt = (done: number) =>
    todos(
      ...plan.map((item, index): [string, 'pending' | 'in_progress' | 'completed'] => [
        item,
        index < done ? 'completed' : index === done ? 'in_progress' : 'pending',
      ]),
    )
  const source = readContent(conversation, CART)
  const fix = source === null ? null : fixCart(source)
  switch (conversation.turns.length) {
    case 1:
      return answer(
        'A small shop with a cart and a test for it. I read both before I change anything.',
        planAt(0),
        { name: 'read', args: { filePath: file(CART) } },
        { name: 'read', args: { filePath: file(CART_TEST) } },
        { name: 'grep', args: { pattern: 'round', include: '*.js' } },
      )
    case 2:
      return answer('Now the tests, to see the failure with my own eyes.', planAt(1), runTests)
    case 3:
      if (!fix) {
        return answer(
          `\`total()\` in \`${CART}\` already adds first and rounds once, so there is nothing left to fix.\n\n${DEMO_NOTICE}`,
        )
      }
      return answer(
        '`total()` rounds **every line** and adds the rounded amounts, so the rounding errors add up. It has to add first and round once.',
        planAt(2),
        { name: 'edit', args: { filePath: file(CART), oldString: fix.before, newString: fix.after } },
      )
    case 4:
      return answer('The edit is in. The tests again:', planAt(3), runTests)
    case 5:
      return answer('', planAt(4))
    default:
      return answer(cartSummary(lastResult(conversation, 'bash'), fix))
  }
}

function cartSummary(testOutput: string, fix: ReturnType<typeof fixCart>): string {
  const failed = /^# fail (\d+)|^ℹ fail (\d+)/m.exec(testOutput)
  const failures = failed ? Number(failed[1] ?? failed[2]) : null
  const verdict =
    failures === 0
      ? 'All tests pass now.'
      : failures === null
        ? 'The tests were not run to the end, so please run `node --test` yourself.'
        : `${failures} test(s) still fail, see the output above.`
  const change = fix ? `\n\n\`\`\`js\n${fix.after}\n\`\`\`\n` : ''
  return [
    `## Fixed: the total of a cart with a coupon`,
    `**Cause.** \`total()\` in \`${CART}\` rounded each line to whole cents before adding, so carts with several lines were off by a cent or more.`,
    `**Change.** It adds the exact amounts and rounds once at the end:${change}`,
    `**Check.** ${verdict}`,
    DEMO_NOTICE,
  ].join('\n\n')
}

/** In a repository that the demo does not know it leaves nothing but a small note. */
const leaveNote: Scenario = (conversation) => {
  const file = (path: string) => `${conversation.directory}/${path}`
  const paths = listedPaths(conversation)
  const hasNote = paths.includes(NOTE)
  const readme = paths.find((path) => /^readme(\.\w+)?$/i.test(path))
  const line = `- ${oneLine(conversation.prompt)}`
  const noteText = hasNote ? readContent(conversation, NOTE) : null
  switch (conversation.turns.length) {
    case 1:
      return answer(
        `I see ${paths.length === 0 ? 'no' : paths.length} files. I look at the most telling ones first.`,
        todos(['Look around', 'in_progress'], [`Write ${NOTE}`, 'pending'], ['Show the change', 'pending']),
        ...[readme, hasNote ? NOTE : undefined, paths.find((path) => path === 'package.json')]
          .filter((path) => path !== undefined)
          .map((path) => ({ name: 'read', args: { filePath: file(path) } })),
      )
    case 2:
      return answer('Which tools does this machine have? This needs your permission:', {
        name: 'bash',
        args: { command: 'git --version; node --version', description: 'Show the versions of git and Node.js' },
      })
    case 3:
      return answer(
        `The demo model does not touch your code. It ${hasNote ? 'adds a line to' : 'creates'} \`${NOTE}\`, so that you see a real edit.`,
        todos(['Look around', 'completed'], [`Write ${NOTE}`, 'in_progress'], ['Show the change', 'pending']),
        {
          name: 'write',
          args: {
            filePath: file(NOTE),
            content: noteText
              ? `${noteText.trimEnd()}\n${line}\n`
              : `# Pilot demo\n\nThe demo model was asked here:\n\n${line}\n`,
          },
        },
      )
    case 4:
      return answer(
        '',
        todos(['Look around', 'completed'], [`Write ${NOTE}`, 'completed'], ['Show the change', 'in_progress']),
        { name: 'bash', args: { command: 'git status --short', description: 'Show what changed' } },
      )
    default:
      return answer(
        [
          `## A note in \`${NOTE}\``,
          `I looked at ${paths.length} files${readme ? `, read \`${readme}\`` : ''} and wrote your request into \`${NOTE}\`:`,
          `\`\`\`diff\n+${line}\n\`\`\``,
          `Open the **diff** to see it, and delete the file when you have seen enough.`,
          DEMO_NOTICE,
        ].join('\n\n'),
      )
  }
}

const explain: Scenario = (conversation) => {
  const file = (path: string) => `${conversation.directory}/${path}`
  const paths = listedPaths(conversation)
  const interesting = [
    paths.find((path) => /^readme(\.\w+)?$/i.test(path)),
    paths.find((path) => path === 'package.json'),
    paths.find((path) => /^(src|lib|app)\//.test(path)),
  ].filter((path) => path !== undefined)
  if (conversation.turns.length === 1 && interesting.length > 0) {
    return answer(
      'I read the files that explain the most.',
      ...interesting.map((path) => ({ name: 'read', args: { filePath: file(path) } })),
    )
  }
  const folders = new Map<string, number>()
  for (const path of paths) {
    const folder = path.includes('/') ? `${path.split('/')[0]}/` : '(top level)'
    folders.set(folder, (folders.get(folder) ?? 0) + 1)
  }
  const rows = [...folders].slice(0, 12).map(([folder, count]) => `| \`${folder}\` | ${count} |`)
  const title = readContent(conversation, interesting[0] ?? '')?.match(/^#\s*(.+)$/m)?.[1] ?? 'This project'
  return answer(
    [
      `## ${title}`,
      `It has **${paths.length} files**, laid out like this:`,
      ['| Folder | Files |', '|---|---|', ...rows].join('\n'),
      interesting.length > 0
        ? `I read ${interesting.map((path) => `\`${path}\``).join(', ')}. Start there: they say how the project is run and where its logic lives.`
        : 'There is not much to read yet.',
      'Nothing was changed.',
      DEMO_NOTICE,
    ].join('\n\n'),
  )
}

const question: Scenario = (conversation) => {
  if (conversation.turns.length === 1) {
    return answer('One thing to decide first.', {
      name: 'question',
      args: {
        questions: [
          {
            header: 'Tests',
            question: 'How shall the change be tested?',
            options: [
              { label: 'Unit tests', description: 'Fast and close to the code' },
              { label: 'Browser tests', description: 'Slower, and closer to the user' },
              { label: 'Both', description: 'Unit tests now, one browser test for the main path' },
            ],
          },
        ],
      },
    })
  }
  const chosen = /="([^"]*)"/.exec(lastResult(conversation, 'question'))?.[1]
  return answer(
    chosen
      ? `You chose **${chosen}**. A real model would go on with that.\n\n${DEMO_NOTICE}`
      : `You gave no answer, so I leave everything as it is.\n\n${DEMO_NOTICE}`,
  )
}

const longText: Scenario = (conversation) => {
  const paragraph =
    'A long answer arrives word by word, so that you can watch it grow, scroll while it grows, stop it, or close the page and come back. '
  return {
    type: 'answer',
    text: `Here are ${listedPaths(conversation).length} files, and a long text about nothing.\n\n${paragraph.repeat(12)}\n\n${DEMO_NOTICE}`,
    word_delay_ms: 40,
  }
}

/** Every scenario begins by looking around. */
export function firstStep(): DemoStep {
  return answer('I look at the repository first.', LOOK_AROUND)
}

function oneLine(prompt: string): string {
  const line = prompt.replace(/\s+/g, ' ').trim()
  return line.length > 120 ? `${line.slice(0, 119)}…` : line
}
