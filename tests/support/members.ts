import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { newId } from '@pilot/domain/ids'

/** Makes a user a member of the one organization that a gateway's data has, as an invitation would. */
export function makeMember(home: string, email: string, role: 'member' | 'admin' | 'owner' = 'member'): void {
  const database = new DatabaseSync(join(home, 'gateway', 'pilot.db'), { timeout: 5_000 })
  try {
    const now = Date.now()
    const { changes } = database
      .prepare(
        `insert into organization_user_membership (id, organization_id, user_id, role, created_at, updated_at)
         select ?, organization.id, user.id, ?, ?, ? from organization, user where user.email = ?`,
      )
      .run(newId('organization_user_membership'), role, now, now, email)
    if (changes !== 1) throw new Error(`${email} became a member of ${changes} organizations`)
  } finally {
    database.close()
  }
}
