/** Set to false by the production build, which then drops everything behind it. */
declare const PILOT_DEV_LOGIN: boolean

/** Whether this build holds the sign-in for development at all. True when it runs from source. */
export const DEV_LOGIN_COMPILED_IN: boolean = typeof PILOT_DEV_LOGIN === 'undefined' ? true : PILOT_DEV_LOGIN
