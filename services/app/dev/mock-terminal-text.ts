const ESC = '\u001b['
const green = (text: string) => `${ESC}32m${text}${ESC}0m`
const blue = (text: string) => `${ESC}34m${text}${ESC}0m`
const cyan = (text: string) => `${ESC}36m${text}${ESC}0m`
const red = (text: string) => `${ESC}31m${text}${ESC}0m`
const yellow = (text: string) => `${ESC}33m${text}${ESC}0m`
const dim = (text: string) => `${ESC}2m${text}${ESC}0m`
const bold = (text: string) => `${ESC}1m${text}${ESC}0m`
const lines = (...all: string[]) => all.join('\r\n')

export const PROMPT = `${green('mara@mini-1')} ${blue('~/web-shop')} (fix/coupon-rounding) $ `

const sixteen = (base: number) =>
  Array.from({ length: 8 }, (_, index) => `${ESC}${base + index}m ${base + index} ${ESC}0m`).join('')
const shades = Array.from({ length: 36 }, (_, index) => {
  const level = 40 + index * 6
  return `${ESC}48;2;${level};${Math.round(level / 2)};${255 - level}m ${ESC}0m`
}).join('')

/** A development server. */
export const DEV_SERVER = lines(
  `${PROMPT}pnpm dev`,
  '',
  `  ${green(bold('VITE'))} ready in ${bold('412 ms')}`,
  '',
  `  ${green('➜')}  Local:   ${cyan('http://localhost:5173/')}`,
  `  ${dim('➜  press h + enter to show help')}`,
  '',
  `${dim('9:44:02')} ${cyan('[hmr]')} src/cart/discount.ts`,
  `${dim('9:44:02')} page reload src/cart/spread.ts ${dim('(×2)')}`,
  red("9:44:09 [error] Cannot find name 'spread'."),
  `  src/cart/discount.ts:${yellow('20')}:${yellow('10')}`,
  `${dim('9:44:31')} ${cyan('[hmr]')} src/cart/discount.ts`,
  `${dim('9:44:31')} ${green('0 errors')}`,
  '',
)

/** A shell with the output of tests, all colours and wide characters. */
export const SHELL = lines(
  `${PROMPT}pnpm vitest run src/cart`,
  '',
  ` ${blue(bold(' RUN '))} v5.1.0 ${dim('/home/mara/projects/web-shop')}`,
  '',
  ` ${green('✓')} src/cart/total.test.ts ${dim('(6 tests)')} ${green('12 ms')}`,
  ` ${green('✓')} src/cart/spread.test.ts ${dim('(4 tests)')} ${green('8 ms')}`,
  ` ${red('❯')} src/cart/discount.test.ts ${dim('(3 tests | ')}${red('1 failed')}${dim(')')} ${yellow('341 ms')}`,
  `   ${red('× rounds once, on the subtotal')}`,
  `     ${red('→ expected 8.49 to be 8.5')}`,
  '',
  ` ${dim('Test Files')}  ${red('1 failed')} ${dim('|')} ${green('2 passed')} (3)`,
  `      ${dim('Tests')}  ${red('1 failed')} ${dim('|')} ${green('12 passed')} (13)`,
  '',
  `${PROMPT}colours`,
  `${sixteen(30)}`,
  `${sixteen(90)}`,
  shades,
  `日本語 한국어 中文  🙂 👍🏽 🇪🇺  ─┼─ ▁▂▃▄▅▆▇█ ${ESC}1mbold${ESC}0m ${ESC}3mitalic${ESC}0m ${ESC}4munderlined${ESC}0m`,
  PROMPT,
)

/** A longer build log, for scrolling and finding. */
export const BUILD = lines(
  `${PROMPT}pnpm build`,
  ...Array.from({ length: 300 }, (_, index) => {
    const size = (index * 37) % 90
    return `${dim('dist/assets/')}${cyan(`chunk-${index.toString(16).padStart(3, '0')}.js`)}  ${size}.${index % 10} kB ${index % 41 === 0 ? yellow('warning: large chunk') : ''}`
  }),
  green('✓ built in 1.71s'),
  PROMPT,
)
