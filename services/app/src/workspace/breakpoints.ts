/** Media queries at which the layout changes, as in the style sheet's `md` and `lg`. */
export const WIDE = '(width >= 1100px)'
export const PHONE = '(width < 768px)'
