/** What the browser says of the page: hidden pages do not ask for signs of life, others ask at once when it changes. */
export interface PageState {
  visible(): boolean
  /** False when the browser knows of no network; a machine may be reached all the same, such as this very one. */
  online(): boolean
  onChange(listener: () => void): () => void
}

/** The page's own state, also told when it comes back from the back/forward cache or gets the focus. */
export function pageState(page: Document, win: Window): PageState {
  return {
    visible: () => page.visibilityState === 'visible',
    online: () => win.navigator.onLine,
    onChange: (listener) => {
      const told = new AbortController()
      const options = { signal: told.signal }
      page.addEventListener('visibilitychange', listener, options)
      for (const event of ['pageshow', 'online', 'offline', 'focus']) win.addEventListener(event, listener, options)
      return () => told.abort()
    },
  }
}

/**
 * Follows the page's state: `network` when the browser finds or loses one, `seen` whenever a visible page may have
 * missed something. Returns the function that ends it.
 */
export function followPage(page: PageState, on: { network(online: boolean): void; seen(): void }): () => void {
  let wasOnline = page.online()
  return page.onChange(() => {
    const isOnline = page.online()
    if (isOnline !== wasOnline) {
      wasOnline = isOnline
      on.network(isOnline)
    }
    if (page.visible()) on.seen()
  })
}
