/** A mistake in what was asked for, as a sentence for the user. */
export class LaunchError extends Error {}
