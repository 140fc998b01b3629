/** Rounding may make the picture this much larger or smaller than its grid of cells, in device pixels. */
const ROUNDING = 2

/**
 * Keeps the picture at the resolution of its own grid where a browser gives the pixels of the display instead of those
 * of the page, as it does when the pixel ratio is emulated: most of the text would be outside of the picture. `redraw`
 * is called after that. Returns the function that ends it.
 */
export function keepResolution(element: HTMLElement, redraw: () => void): () => void {
  const picture = element.querySelector<HTMLCanvasElement>('.xterm-screen canvas:not([class])')
  // Always of the grid's own size.
  const links = element.querySelector<HTMLCanvasElement>('.xterm-screen canvas.xterm-link-layer')
  if (!picture || !links) return () => undefined
  const observer = new ResizeObserver(() => {
    const wrong = Math.abs(picture.width - links.width) > ROUNDING || Math.abs(picture.height - links.height) > ROUNDING
    if (!wrong) return
    picture.width = links.width
    picture.height = links.height
    redraw()
  })
  try {
    observer.observe(picture, { box: 'device-pixel-content-box' })
  } catch {
    // Without this kind of box nothing changes the resolution.
  }
  return () => observer.disconnect()
}
