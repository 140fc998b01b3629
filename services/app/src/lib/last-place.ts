const KEY = 'pilot.last-place'

export interface Place {
  organization: string
  instance: string
}

/** Where the user was last on this device; pages outside an organization show its frame. */
export function readLastPlace(): Place | null {
  try {
    const value: unknown = JSON.parse(localStorage.getItem(KEY) ?? 'null')
    if (typeof value !== 'object' || value === null) return null
    if (!('organization' in value) || !('instance' in value)) return null
    const { organization, instance } = value
    return typeof organization === 'string' && typeof instance === 'string' ? { organization, instance } : null
  } catch {
    return null
  }
}

export function writeLastPlace(place: Place): void {
  try {
    localStorage.setItem(KEY, JSON.stringify(place))
  } catch {
    // Storage is switched off: the first organization is shown instead.
  }
}
