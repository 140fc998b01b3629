import { memo, useEffect, useState } from 'react'
import { CopyButton } from '../primitives/copy-button.tsx'
import { highlight, type Token } from './highlight.ts'

/** Colours follow the text at most this often while it grows, in ms. */
const SETTLE_MS = 120

interface CodeBlockProps {
  code: string
  language: string
}

/** Code in a well, coloured when the grammar is there, with its language and a copy button. */
export const CodeBlock = memo(function CodeBlock({ code, language }: CodeBlockProps) {
  const tokens = useTokens(code, language)
  return (
    <div className="group/code my-2.5 overflow-hidden rounded-sm border border-line bg-sunken">
      <div className="flex h-8 items-center justify-between pr-0.5 pl-3 text-text-3 text-xs touch:h-11">
        <span>{language || 'text'}</span>
        <CopyButton text={code} label="Copy the code" />
      </div>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls sideways has to be reachable by keys */}
      <pre tabIndex={0} className="overflow-x-auto px-3 pb-3 text-[12.5px] leading-[1.55]">
        <code>
          <Tokens code={code} tokens={tokens} />
        </code>
      </pre>
    </div>
  )
})

/** Tokens when they are there, and whatever of the code they do not cover yet. */
export function Tokens({ code, tokens }: { code: string; tokens: readonly Token[][] | null }) {
  if (!tokens) return code
  return tokens.map((line, index) => (
    <span key={index}>
      {line.map((token, at) => (
        <span key={at} className={token.className}>
          {token.text}
        </span>
      ))}
      {index < tokens.length - 1 ? '\n' : null}
    </span>
  ))
}

/** The tokens of exactly this code, or null until they are known: colours never show other text than the code. */
export function useTokens(code: string, language: string): Token[][] | null {
  const [result, setResult] = useState<{ code: string; tokens: Token[][] | null } | null>(null)
  useEffect(() => {
    let current = true
    const timer = setTimeout(() => {
      void highlight(code, language).then((tokens) => {
        if (current) setResult({ code, tokens })
      })
    }, SETTLE_MS)
    return () => {
      current = false
      clearTimeout(timer)
    }
  }, [code, language])
  return result?.code === code ? result.tokens : null
}
