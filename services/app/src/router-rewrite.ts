interface Rewrite {
  input: (options: { url: URL }) => URL
  output: (options: { url: URL }) => URL
}

/**
 * Lets routes be written as if the app stood at the root of its host. `base` has a slash at both ends; at the root
 * nothing has to be rewritten.
 */
export function baseRewrite(base: string): Rewrite | undefined {
  if (base === '/') return undefined
  const bare = base.slice(0, -1)
  return {
    input: ({ url }) => {
      if (url.pathname === bare) url.pathname = '/'
      else if (url.pathname.startsWith(base)) url.pathname = url.pathname.slice(bare.length)
      return url
    },
    output: ({ url }) => {
      if (url.pathname !== bare && !url.pathname.startsWith(base)) url.pathname = bare + url.pathname
      return url
    },
  }
}
