import { Check } from 'lucide-react'
import { isValidElement, memo, useMemo } from 'react'
import ReactMarkdown, { type Components } from 'react-markdown'
import remarkGfm from 'remark-gfm'
import { splitBlocks } from './blocks.ts'
import { CodeBlock } from './code-block.tsx'
import { safeHref } from './safe-href.ts'

const PLUGINS = [remarkGfm]

const COMPONENTS: Components = {
  a: ({ href, children }) => {
    const safe = safeHref(href)
    if (safe === null) return <span>{children}</span>
    return (
      <a
        href={safe}
        target="_blank"
        rel="noopener noreferrer nofollow"
        className="text-accent underline decoration-from-font underline-offset-3"
      >
        {children}
      </a>
    )
  },
  // A picture's address would tell its host who reads; it is a link instead.
  img: ({ src, alt }) => {
    const safe = safeHref(typeof src === 'string' ? src : undefined)
    if (safe === null) return <span>{alt}</span>
    return (
      <a href={safe} target="_blank" rel="noopener noreferrer nofollow" className="text-accent underline">
        {alt || safe}
      </a>
    )
  },
  pre: ({ children }) => {
    if (!isValidElement<{ className?: string; children?: unknown }>(children)) return <pre>{children}</pre>
    const language = /language-([^\s]+)/.exec(children.props.className ?? '')?.[1] ?? ''
    return <CodeBlock language={language} code={String(children.props.children ?? '').replace(/\n$/, '')} />
  },
  code: ({ children }) => <code className="rounded-xs bg-sunken px-1.25 py-px text-[.92em]">{children}</code>,
  table: (props) => (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls sideways has to be reachable by keys
    <div tabIndex={0} className="my-2.5 overflow-x-auto">
      <table className="border-collapse text-sm">{props.children}</table>
    </div>
  ),
  th: ({ children }) => <th className="border-line border-b py-1.5 pr-5 text-left font-medium">{children}</th>,
  td: ({ children }) => <td className="border-line border-b py-1.5 pr-5 align-top">{children}</td>,
  input: ({ checked }) => <TaskBox done={checked === true} />,
}

const PROSE = [
  'min-w-0 max-w-[68ch] leading-relaxed [&>*:first-child]:mt-0 [&>*:last-child]:mb-0 [&_p]:my-2.5',
  '[&_h1]:mt-5 [&_h1]:mb-2 [&_h1]:font-semibold [&_h1]:text-lg [&_h2]:mt-4 [&_h2]:mb-2 [&_h2]:font-semibold [&_h2]:text-lg',
  '[&_h3]:mt-4 [&_h3]:mb-1.5 [&_h3]:font-semibold [&_h4]:mt-3 [&_h4]:font-medium',
  '[&_ul]:my-2.5 [&_ul]:list-disc [&_ul]:pl-5.5 [&_ol]:my-2.5 [&_ol]:list-decimal [&_ol]:pl-5.5 [&_li]:my-1 [&_li>ul]:my-1',
  '[&_.contains-task-list]:list-none [&_.contains-task-list]:pl-1 [&_li::marker]:text-text-3',
  '[&_blockquote]:my-2.5 [&_blockquote]:border-line-strong [&_blockquote]:border-l-2 [&_blockquote]:pl-3.5 [&_blockquote]:text-text-2',
  '[&_hr]:my-4 [&_hr]:border-line [&_strong]:font-semibold',
].join(' ')

/** The box of a task list: a picture of a state, not a control. */
function TaskBox({ done }: { done: boolean }) {
  return (
    <span
      className={`mr-2 inline-grid size-3.5 translate-y-px place-items-center rounded-xs border-[1.5px] ${done ? 'border-good bg-good text-surface' : 'border-line-strong'}`}
    >
      {done ? <Check aria-hidden="true" className="size-2.5" strokeWidth={4} /> : null}
      <span className="sr-only">{done ? 'Done: ' : 'To do: '}</span>
    </span>
  )
}

/** One block. Renders again only when its own text changes. */
const Block = memo(function Block({ text }: { text: string }) {
  return (
    <ReactMarkdown remarkPlugins={PLUGINS} components={COMPONENTS}>
      {text}
    </ReactMarkdown>
  )
})

/**
 * Text of an agent: Markdown with GitHub's tables and task lists. HTML in it is shown as the text it is. Made for text
 * that grows: finished blocks are not touched again.
 */
export const Markdown = memo(function Markdown({ text }: { text: string }) {
  const blocks = useMemo(() => splitBlocks(text), [text])
  return (
    <div className={PROSE}>
      {blocks.map((block, index) => (
        <Block key={index} text={block} />
      ))}
    </div>
  )
})
