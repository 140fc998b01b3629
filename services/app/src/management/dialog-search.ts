/** Dialogs of an instance's pages. Which one is open stands in the address, so that every command can lead there. */
const INSTANCE_DIALOGS = ['directory', 'machine', 'model'] as const
export type InstanceDialog = (typeof INSTANCE_DIALOGS)[number]

/** Reads the open dialog from the address; anything unknown means none. */
export function dialogSearch(search: Record<string, unknown>): { dialog?: InstanceDialog } {
  const dialog = INSTANCE_DIALOGS.find((candidate) => candidate === search.dialog)
  return dialog ? { dialog } : {}
}
