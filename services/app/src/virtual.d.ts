declare module 'virtual:brand-assets' {
  /** URLs of the icon and the web app manifest, relative to the base path. */
  export const iconUrl: string
  export const manifestUrl: string
}
