/** Every table of the control plane. Table objects and their properties carry the names of the database. */
export { agent_session, terminal, worktree } from './agent.ts'
export { account, device_code, passkey, session, user, verification } from './auth.ts'
export { machine, runtime, runtime_enrollment } from './machine.ts'
export {
  instance,
  instance_account_permission,
  invitation,
  organization,
  organization_user_membership,
  slug_alias,
} from './organization.ts'
export { api_token, audit_log, event, push_subscription, secret, setting } from './record.ts'
export { repo, repo_clone, workspace, workspace_assignment } from './workspace.ts'
