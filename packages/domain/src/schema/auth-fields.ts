/**
 * Where the authentication library finds its fields in our tables: its own name on the left, the column property on the
 * right. Spread into its options (`user: { fields: … }`, a plugin's `schema`), with `schema` as the adapter's schema.
 */
const times = { createdAt: 'created_at', updatedAt: 'updated_at' } as const

export const AUTH_FIELDS = {
  user: { emailVerified: 'email_verified', ...times },
  session: { userId: 'user_id', expiresAt: 'expires_at', ipAddress: 'ip', userAgent: 'user_agent', ...times },
  account: {
    userId: 'user_id',
    providerId: 'provider_id',
    accountId: 'account_id',
    accessToken: 'access_token',
    refreshToken: 'refresh_token',
    idToken: 'id_token',
    accessTokenExpiresAt: 'access_token_expires_at',
    refreshTokenExpiresAt: 'refresh_token_expires_at',
    ...times,
  },
  verification: { expiresAt: 'expires_at', ...times },
} as const

/** `schema` option of the admin plugin. */
export const ADMIN_PLUGIN_SCHEMA = {
  user: { fields: { banReason: 'ban_reason', banExpires: 'ban_expires' } },
  session: { fields: { impersonatedBy: 'impersonated_by' } },
} as const

/** `schema` option of the device authorization plugin. */
export const DEVICE_PLUGIN_SCHEMA = {
  deviceCode: {
    modelName: 'device_code',
    fields: {
      deviceCode: 'device_code',
      userCode: 'user_code',
      userId: 'user_id',
      expiresAt: 'expires_at',
      lastPolledAt: 'last_polled_at',
      pollingInterval: 'polling_interval',
      clientId: 'client_id',
    },
  },
} as const
