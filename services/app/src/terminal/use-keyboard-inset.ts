import { useEffect, useState } from 'react'

/** Height in px that a phone's keyboard covers where the browser does not make the page smaller for it. */
export function useKeyboardInset(): number {
  const [inset, setInset] = useState(0)
  useEffect(() => {
    const viewport = window.visualViewport
    if (!viewport) return
    const measure = () => {
      // A page that is zoomed by hand is smaller too; that is no keyboard.
      const covered = viewport.scale > 1.05 ? 0 : window.innerHeight - viewport.height
      setInset(covered > 80 ? Math.round(covered) : 0)
      if (viewport.offsetTop > 0 && viewport.scale <= 1.05) window.scrollTo(0, 0)
    }
    measure()
    viewport.addEventListener('resize', measure)
    viewport.addEventListener('scroll', measure)
    return () => {
      viewport.removeEventListener('resize', measure)
      viewport.removeEventListener('scroll', measure)
    }
  }, [])
  return inset
}
