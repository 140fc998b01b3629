import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Composition, EMPTY_LINE, MARK, stepLine, type TypedEvent, typedBytes } from './input-diff.ts'

/** A line editor as shells have it: DEL takes one character back. */
function editor(start = '') {
  let line = Array.from(start)
  return {
    feed: (bytes: string) => {
      for (const character of bytes) {
        if (character === '\u007f') line = line.slice(0, -1)
        else line.push(character)
      }
    },
    text: () => line.join(''),
  }
}

const input = (value: string): TypedEvent => ({ type: 'input', value: MARK + value })
const start: TypedEvent = { type: 'compositionstart' }
const end = (value: string): TypedEvent => ({ type: 'compositionend', value: MARK + value })

/** Plays a recorded trace; gives what stands in the terminal, everything that was sent, and the field. */
function play(trace: readonly TypedEvent[], composition: Composition, before = '') {
  const shell = editor(before)
  let line = EMPTY_LINE
  let sent = ''
  const fields: string[] = []
  for (const event of trace) {
    const step = stepLine(line, event, composition)
    const bytes = typedBytes(step.erase, step.text)
    shell.feed(bytes)
    sent += bytes
    line = step.line
    if (step.field !== null) fields.push(step.field)
  }
  return { text: shell.text(), sent, line, fields }
}

describe('Android keyboards', () => {
  it('types a word that is composed letter by letter', () => {
    const trace = [start, input('l'), input('ls'), end('ls'), input('ls ')]
    expect(play(trace, 'live')).toMatchObject({ text: 'ls ', sent: 'ls ' })
  })

  it('corrects a word when the space is typed', () => {
    const trace = [start, input('t'), input('te'), input('teh'), input('the'), end('the'), input('the ')]
    expect(play(trace, 'live')).toMatchObject({ text: 'the ', sent: 'teh\u007f\u007fhe ' })
  })

  it('takes a suggestion in place of what was typed', () => {
    const trace = [start, input('git com'), input('git commit'), end('git commit'), input('git commit ')]
    expect(play(trace, 'live')).toMatchObject({ text: 'git commit ', sent: 'git commit ' })
  })

  it('swipes words with their spaces', () => {
    const trace = [start, input('echo'), end('echo'), start, input('echo hello'), end('echo hello')]
    expect(play(trace, 'live')).toMatchObject({ text: 'echo hello', sent: 'echo hello' })
  })

  it('goes back into a word, which begins a composition over it', () => {
    const trace = [
      start,
      input('foo'),
      end('foo'),
      input('foo '),
      input('foo'),
      start,
      input('fo'),
      input('f'),
      end('f'),
    ]
    expect(play(trace, 'live').text).toBe('f')
  })

  it('deletes whole words with a long press', () => {
    const trace = [input('one two three'), input('one two '), input('one '), input('')]
    expect(play(trace, 'live')).toMatchObject({ text: '', sent: `one two three${'\u007f'.repeat(13)}` })
  })

  it('is not confused by a composition that ends twice with the same text', () => {
    expect(play([start, input('a'), end('a'), input('a'), end('a')], 'live')).toMatchObject({ text: 'a', sent: 'a' })
  })
})

describe('iOS keyboards', () => {
  it('replaces a word that was corrected', () => {
    const trace = [input('s'), input('st'), input('sta'), input('stahe'), input('state'), input('state ')]
    expect(play(trace, 'hold').text).toBe('state ')
  })

  it('makes a full stop of two spaces', () => {
    expect(play([input('done'), input('done '), input('done. ')], 'hold')).toMatchObject({
      text: 'done. ',
      sent: 'done \u007f. ',
    })
  })

  it('sends what was composed once, when it is the text', () => {
    const trace = [start, input('n'), input('ni'), input('ni h'), input('你好'), end('你好'), input('你好')]
    expect(play(trace, 'hold')).toMatchObject({ text: '你好', sent: '你好' })
    const hangul = [
      start,
      input('ㅎ'),
      input('하'),
      input('한'),
      end('한'),
      start,
      input('한ㄱ'),
      input('한글'),
      end('한글'),
    ]
    expect(play(hangul, 'hold')).toMatchObject({ text: '한글', sent: '한글' })
  })

  it('rewrites the whole line while dictating', () => {
    const trace = [input('make'), input('make test'), input('Make tests'), input('make tests')]
    expect(play(trace, 'hold').text).toBe('make tests')
  })
})

describe('any keyboard', () => {
  it('takes back emoji by their characters', () => {
    expect(play([input('🙂'), input('')], 'live')).toMatchObject({ text: '', sent: '🙂\u007f' })
    const family = '👨‍👩‍👧'
    expect(play([input(`a${family}`), input('a')], 'live').text).toBe('a')
    expect(play([input('👍'), input('👍🏽')], 'live')).toMatchObject({ text: '👍🏽', sent: '👍🏽' })
  })

  it('tells a backspace on an empty line, and puts the mark back', () => {
    const { text, fields, line } = play([{ type: 'input', value: '' }], 'live', 'abc')
    expect(text).toBe('ab')
    expect(fields).toEqual([MARK])
    expect(line).toEqual(EMPTY_LINE)
  })

  it('takes back only what it typed when everything is selected and deleted', () => {
    expect(play([input('xyz'), { type: 'input', value: '' }], 'live', 'abc').text).toBe('abc')
  })

  it('keeps what is typed over the mark', () => {
    const { text, fields } = play([{ type: 'input', value: 'q' }], 'live')
    expect(text).toBe('q')
    expect(fields).toEqual([`${MARK}q`])
  })

  it('lets go of a long line between two words', () => {
    const long = `${'word '.repeat(90)}`
    const { fields, line, text } = play([input(long)], 'live')
    expect(text).toBe(long)
    expect(fields).toEqual([MARK])
    expect(line.sent).toBe('')
  })

  it('sends a break as the Enter key', () => {
    expect(typedBytes(0, 'a\r\nb\nc')).toBe('a\rb\rc')
  })

  it('ends with exactly what the field says, whatever came before', () => {
    const value = fc.array(fc.constantFrom('a', 'b', ' ', 'é', '🙂', '好', '\u0301'), { maxLength: 8 })
    const event = fc.tuple(fc.constantFrom('input', 'start', 'end'), value)
    fc.assert(
      fc.property(fc.array(event, { maxLength: 20 }), fc.constantFrom<Composition>('live', 'hold'), (steps, how) => {
        const trace = steps.map(([type, parts]): TypedEvent => {
          if (type === 'start') return start
          return type === 'end' ? end(parts.join('')) : input(parts.join(''))
        })
        const final = 'the end'
        expect(play([...trace, end(final)], how, '> ').text).toBe(`> ${final}`)
      }),
      { numRuns: 300 },
    )
  })
})
