CREATE TABLE `account` (
	`id` text PRIMARY KEY NOT NULL,
	`user_id` text NOT NULL,
	`provider_id` text NOT NULL,
	`account_id` text NOT NULL,
	`password` text,
	`access_token` text,
	`refresh_token` text,
	`id_token` text,
	`access_token_expires_at` integer,
	`refresh_token_expires_at` integer,
	`scope` text,
	`metadata` text,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL,
	FOREIGN KEY (`user_id`) REFERENCES `user`(`id`) ON UPDATE no action ON DELETE cascade
);
--> statement-breakpoint
CREATE UNIQUE INDEX `account_provider_account` ON `account` (`provider_id`,`account_id`);--> statement-breakpoint
CREATE INDEX `account_user` ON `account` (`user_id`);--> statement-breakpoint
CREATE TABLE `agent_session` (
	`id` text PRIMARY KEY NOT NULL,
	`instance_id` text NOT NULL,
	`workspace_id` text NOT NULL,
	`runtime_id` text NOT NULL,
	`repo_id` text,
	`worktree_id` text,
	`agent` text NOT NULL,
	`external_id` text,
	`title` text DEFAULT '' NOT NULL,
	`status` text DEFAULT 'creating' NOT NULL,
	`attention` text DEFAULT 'none' NOT NULL,
	`activity` text DEFAULT '' NOT NULL,
	`branch` text,
	`additions` integer DEFAULT 0 NOT NULL,
	`deletions` integer DEFAULT 0 NOT NULL,
	`epoch` text DEFAULT '' NOT NULL,
	`seq` integer DEFAULT 0 NOT NULL,
	`parent_id` text,
	`created_by` text,
	`last_activity_at` integer NOT NULL,
	`archived_at` integer,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL,
	FOREIGN KEY (`instance_id`) REFERENCES `instance`(`id`) ON UPDATE no action ON DELETE cascade,
	FOREIGN KEY (`workspace_id`) REFERENCES `workspace`(`id`) ON UPDATE no action ON DELETE cascade,
	FOREIGN KEY (`runtime_id`) REFERENCES `runtime`(`id`) ON UPDATE no action ON DELETE cascade,
	FOREIGN KEY (`repo_id`) REFERENCES `repo`(`id`) ON UPDATE no action ON DELETE set null,
	FOREIGN KEY (`worktree_id`) REFERENCES `worktree`(`id`) ON UPDATE no action ON DELETE set null
);
--> statement-breakpoint
CREATE INDEX `agent_session_workspace` ON `agent_session` (`workspace_id`,`archived_at`,`last_activity_at`);--> statement-breakpoint
CREATE INDEX `agent_session_instance` ON `agent_session` (`instance_id`,`status`);--> statement-breakpoint
CREATE INDEX `agent_session_runtime` ON `agent_session` (`runtime_id`);--> statement-breakpoint
CREATE INDEX `agent_session_repo` ON `agent_session` (`repo_id`);--> statement-breakpoint
CREATE INDEX `agent_session_worktree` ON `agent_session` (`worktree_id`);--> statement-breakpoint
CREATE INDEX `agent_session_parent` ON `agent_session` (`parent_id`);--> statement-breakpoint
CREATE TABLE `api_token` (
	`id` text PRIMARY KEY NOT NULL,
	`user_id` text,
	`instance_id` text,
	`name` text NOT NULL,
	`token_hash` text NOT NULL,
	`scopes` text NOT NULL,
	`expires_at` integer,
	`last_used_at` integer,
	`revoked_at` integer,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL,
	FOREIGN KEY (`user_id`) REFERENCES `user`(`id`) ON UPDATE no action ON DELETE cascade,
	FOREIGN KEY (`instance_id`) REFERENCES `instance`(`id`) ON UPDATE no action ON DELETE cascade
);
--> statement-breakpoint
CREATE UNIQUE INDEX `api_token_token_hash_unique` ON `api_token` (`token_hash`);--> statement-breakpoint
CREATE INDEX `api_token_user` ON `api_token` (`user_id`);--> statement-breakpoint
CREATE INDEX `api_token_instance` ON `api_token` (`instance_id`);--> statement-breakpoint
CREATE TABLE `audit_log` (
	`id` text PRIMARY KEY NOT NULL,
	`actor_user_id` text,
	`impersonator_id` text,
	`organization_id` text,
	`action` text NOT NULL,
	`target` text,
	`result` text DEFAULT 'ok' NOT NULL,
	`request_id` text,
	`ip` text,
	`detail` text NOT NULL,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL
);
--> statement-breakpoint
CREATE INDEX `audit_log_organization` ON `audit_log` (`organization_id`,`created_at`);--> statement-breakpoint
CREATE INDEX `audit_log_actor` ON `audit_log` (`actor_user_id`,`created_at`);--> statement-breakpoint
CREATE TABLE `device_code` (
	`id` text PRIMARY KEY NOT NULL,
	`device_code` text NOT NULL,
	`user_code` text NOT NULL,
	`user_id` text,
	`status` text NOT NULL,
	`expires_at` integer NOT NULL,
	`last_polled_at` integer,
	`polling_interval` integer,
	`client_id` text,
	`scope` text,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL,
	FOREIGN KEY (`user_id`) REFERENCES `user`(`id`) ON UPDATE no action ON DELETE cascade
);
--> statement-breakpoint
CREATE UNIQUE INDEX `device_code_device_code_unique` ON `device_code` (`device_code`);--> statement-breakpoint
CREATE UNIQUE INDEX `device_code_user_code_unique` ON `device_code` (`user_code`);--> statement-breakpoint
CREATE INDEX `device_code_user` ON `device_code` (`user_id`);--> statement-breakpoint
CREATE INDEX `device_code_expires` ON `device_code` (`expires_at`);--> statement-breakpoint
CREATE TABLE `event` (
	`id` text PRIMARY KEY NOT NULL,
	`instance_id` text,
	`source` text NOT NULL,
	`type` text NOT NULL,
	`external_id` text NOT NULL,
	`payload` text NOT NULL,
	`occurred_at` integer NOT NULL,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL,
	FOREIGN KEY (`instance_id`) REFERENCES `instance`(`id`) ON UPDATE no action ON DELETE cascade
);
--> statement-breakpoint
CREATE UNIQUE INDEX `event_identity` ON `event` (`source`,`external_id`,(case when instance_id is null then '' else instance_id end));--> statement-breakpoint
CREATE INDEX `event_instance` ON `event` (`instance_id`,`occurred_at`);--> statement-breakpoint
CREATE TABLE `instance` (
	`id` text PRIMARY KEY NOT NULL,
	`organization_id` text NOT NULL,
	`name` text NOT NULL,
	`slug` text NOT NULL,
	`limits` text NOT NULL,
	`flags` text NOT NULL,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL,
	FOREIGN KEY (`organization_id`) REFERENCES `organization`(`id`) ON UPDATE no action ON DELETE cascade
);
--> statement-breakpoint
CREATE UNIQUE INDEX `instance_organization_slug` ON `instance` (`organization_id`,`slug`);--> statement-breakpoint
CREATE TABLE `instance_account_permission` (
	`id` text PRIMARY KEY NOT NULL,
	`instance_id` text NOT NULL,
	`account_id` text NOT NULL,
	`granted_by` text,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL,
	FOREIGN KEY (`instance_id`) REFERENCES `instance`(`id`) ON UPDATE no action ON DELETE cascade,
	FOREIGN KEY (`account_id`) REFERENCES `account`(`id`) ON UPDATE no action ON DELETE cascade,
	FOREIGN KEY (`granted_by`) REFERENCES `user`(`id`) ON UPDATE no action ON DELETE set null
);
--> statement-breakpoint
CREATE UNIQUE INDEX `instance_account_permission_pair` ON `instance_account_permission` (`instance_id`,`account_id`);--> statement-breakpoint
CREATE INDEX `instance_account_permission_account` ON `instance_account_permission` (`account_id`);--> statement-breakpoint
CREATE INDEX `instance_account_permission_granted_by` ON `instance_account_permission` (`granted_by`);--> statement-breakpoint
CREATE TABLE `invitation` (
	`id` text PRIMARY KEY NOT NULL,
	`organization_id` text NOT NULL,
	`email` text NOT NULL,
	`role` text NOT NULL,
	`token_hash` text NOT NULL,
	`expires_at` integer NOT NULL,
	`accepted_at` integer,
	`invited_by` text,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL,
	FOREIGN KEY (`organization_id`) REFERENCES `organization`(`id`) ON UPDATE no action ON DELETE cascade,
	FOREIGN KEY (`invited_by`) REFERENCES `user`(`id`) ON UPDATE no action ON DELETE set null
);
--> statement-breakpoint
CREATE UNIQUE INDEX `invitation_token_hash_unique` ON `invitation` (`token_hash`);--> statement-breakpoint
CREATE INDEX `invitation_organization` ON `invitation` (`organization_id`,`created_at`);--> statement-breakpoint
CREATE INDEX `invitation_email` ON `invitation` (`email`);--> statement-breakpoint
CREATE INDEX `invitation_invited_by` ON `invitation` (`invited_by`);--> statement-breakpoint
CREATE TABLE `machine` (
	`id` text PRIMARY KEY NOT NULL,
	`instance_id` text NOT NULL,
	`name` text NOT NULL,
	`type` text NOT NULL,
	`state` text DEFAULT 'started' NOT NULL,
	`phase` text DEFAULT 'none' NOT NULL,
	`provider_external_id` text,
	`metadata` text NOT NULL,
	`provisioning_deadline_at` integer,
	`archived_at` integer,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL,
	FOREIGN KEY (`instance_id`) REFERENCES `instance`(`id`) ON UPDATE no action ON DELETE cascade
);
--> statement-breakpoint
CREATE INDEX `machine_instance` ON `machine` (`instance_id`,`state`,`created_at`);--> statement-breakpoint
CREATE INDEX `machine_provisioning_deadline` ON `machine` (`provisioning_deadline_at`) WHERE phase = 'provisioning';--> statement-breakpoint
CREATE TABLE `organization` (
	`id` text PRIMARY KEY NOT NULL,
	`name` text NOT NULL,
	`slug` text NOT NULL,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL
);
--> statement-breakpoint
CREATE UNIQUE INDEX `organization_slug_unique` ON `organization` (`slug`);--> statement-breakpoint
CREATE TABLE `organization_user_membership` (
	`id` text PRIMARY KEY NOT NULL,
	`organization_id` text NOT NULL,
	`user_id` text NOT NULL,
	`role` text NOT NULL,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL,
	FOREIGN KEY (`organization_id`) REFERENCES `organization`(`id`) ON UPDATE no action ON DELETE cascade,
	FOREIGN KEY (`user_id`) REFERENCES `user`(`id`) ON UPDATE no action ON DELETE cascade
);
--> statement-breakpoint
CREATE UNIQUE INDEX `membership_organization_user` ON `organization_user_membership` (`organization_id`,`user_id`);--> statement-breakpoint
CREATE INDEX `membership_user` ON `organization_user_membership` (`user_id`);--> statement-breakpoint
CREATE TABLE `passkey` (
	`id` text PRIMARY KEY NOT NULL,
	`user_id` text NOT NULL,
	`name` text,
	`credential_id` text NOT NULL,
	`public_key` text NOT NULL,
	`counter` integer NOT NULL,
	`device_type` text NOT NULL,
	`transports` text,
	`aaguid` text,
	`backed_up` integer NOT NULL,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL,
	FOREIGN KEY (`user_id`) REFERENCES `user`(`id`) ON UPDATE no action ON DELETE cascade
);
--> statement-breakpoint
CREATE UNIQUE INDEX `passkey_credential_id_unique` ON `passkey` (`credential_id`);--> statement-breakpoint
CREATE INDEX `passkey_user` ON `passkey` (`user_id`);--> statement-breakpoint
CREATE TABLE `push_subscription` (
	`id` text PRIMARY KEY NOT NULL,
	`user_id` text NOT NULL,
	`endpoint` text NOT NULL,
	`p256dh` text NOT NULL,
	`auth` text NOT NULL,
	`origin` text NOT NULL,
	`failures` integer DEFAULT 0 NOT NULL,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL,
	FOREIGN KEY (`user_id`) REFERENCES `user`(`id`) ON UPDATE no action ON DELETE cascade
);
--> statement-breakpoint
CREATE UNIQUE INDEX `push_subscription_endpoint_unique` ON `push_subscription` (`endpoint`);--> statement-breakpoint
CREATE INDEX `push_subscription_user` ON `push_subscription` (`user_id`);--> statement-breakpoint
CREATE TABLE `repo` (
	`id` text PRIMARY KEY NOT NULL,
	`instance_id` text NOT NULL,
	`provider` text NOT NULL,
	`owner` text NOT NULL,
	`name` text NOT NULL,
	`default_branch` text,
	`clone_url` text NOT NULL,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL,
	FOREIGN KEY (`instance_id`) REFERENCES `instance`(`id`) ON UPDATE no action ON DELETE cascade
);
--> statement-breakpoint
CREATE UNIQUE INDEX `repo_identity` ON `repo` (`instance_id`,`provider`,`owner`,`name`);--> statement-breakpoint
CREATE TABLE `repo_clone` (
	`id` text PRIMARY KEY NOT NULL,
	`instance_id` text NOT NULL,
	`runtime_id` text NOT NULL,
	`repo_id` text NOT NULL,
	`state` text DEFAULT 'absent' NOT NULL,
	`size_bytes` integer,
	`fetched_at` integer,
	`error` text,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL,
	FOREIGN KEY (`instance_id`) REFERENCES `instance`(`id`) ON UPDATE no action ON DELETE cascade,
	FOREIGN KEY (`runtime_id`) REFERENCES `runtime`(`id`) ON UPDATE no action ON DELETE cascade,
	FOREIGN KEY (`repo_id`) REFERENCES `repo`(`id`) ON UPDATE no action ON DELETE cascade
);
--> statement-breakpoint
CREATE UNIQUE INDEX `repo_clone_runtime_repo` ON `repo_clone` (`runtime_id`,`repo_id`);--> statement-breakpoint
CREATE INDEX `repo_clone_instance` ON `repo_clone` (`instance_id`);--> statement-breakpoint
CREATE INDEX `repo_clone_repo` ON `repo_clone` (`repo_id`);--> statement-breakpoint
CREATE TABLE `runtime` (
	`id` text PRIMARY KEY NOT NULL,
	`machine_id` text NOT NULL,
	`instance_id` text NOT NULL,
	`label` text NOT NULL,
	`platform` text DEFAULT 'runtime' NOT NULL,
	`token_hash` text NOT NULL,
	`token_version` integer DEFAULT 1 NOT NULL,
	`status` text DEFAULT 'enrolled' NOT NULL,
	`draining` integer DEFAULT false NOT NULL,
	`capabilities` text NOT NULL,
	`limits` text NOT NULL,
	`system` text,
	`version` text,
	`os` text,
	`arch` text,
	`boot_id` text,
	`last_seen_at` integer,
	`revoked_at` integer,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL,
	FOREIGN KEY (`machine_id`) REFERENCES `machine`(`id`) ON UPDATE no action ON DELETE cascade,
	FOREIGN KEY (`instance_id`) REFERENCES `instance`(`id`) ON UPDATE no action ON DELETE cascade
);
--> statement-breakpoint
CREATE UNIQUE INDEX `runtime_token_hash_unique` ON `runtime` (`token_hash`);--> statement-breakpoint
CREATE UNIQUE INDEX `runtime_live_per_machine` ON `runtime` (`machine_id`) WHERE revoked_at is null;--> statement-breakpoint
CREATE INDEX `runtime_machine` ON `runtime` (`machine_id`,`created_at`);--> statement-breakpoint
CREATE INDEX `runtime_instance` ON `runtime` (`instance_id`,`status`);--> statement-breakpoint
CREATE INDEX `runtime_online` ON `runtime` (`last_seen_at`) WHERE status = 'online';--> statement-breakpoint
CREATE TABLE `runtime_enrollment` (
	`id` text PRIMARY KEY NOT NULL,
	`machine_id` text NOT NULL,
	`instance_id` text NOT NULL,
	`token_hash` text NOT NULL,
	`expires_at` integer NOT NULL,
	`used_at` integer,
	`created_by` text,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL,
	FOREIGN KEY (`machine_id`) REFERENCES `machine`(`id`) ON UPDATE no action ON DELETE cascade,
	FOREIGN KEY (`instance_id`) REFERENCES `instance`(`id`) ON UPDATE no action ON DELETE cascade,
	FOREIGN KEY (`created_by`) REFERENCES `user`(`id`) ON UPDATE no action ON DELETE set null
);
--> statement-breakpoint
CREATE UNIQUE INDEX `runtime_enrollment_token_hash_unique` ON `runtime_enrollment` (`token_hash`);--> statement-breakpoint
CREATE INDEX `runtime_enrollment_machine` ON `runtime_enrollment` (`machine_id`);--> statement-breakpoint
CREATE INDEX `runtime_enrollment_instance` ON `runtime_enrollment` (`instance_id`);--> statement-breakpoint
CREATE INDEX `runtime_enrollment_created_by` ON `runtime_enrollment` (`created_by`);--> statement-breakpoint
CREATE INDEX `runtime_enrollment_expires` ON `runtime_enrollment` (`expires_at`);--> statement-breakpoint
CREATE TABLE `secret` (
	`id` text PRIMARY KEY NOT NULL,
	`instance_id` text NOT NULL,
	`scope` text NOT NULL,
	`scope_id` text NOT NULL,
	`key` text NOT NULL,
	`value` text NOT NULL,
	`kek_version` integer NOT NULL,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL,
	FOREIGN KEY (`instance_id`) REFERENCES `instance`(`id`) ON UPDATE no action ON DELETE cascade
);
--> statement-breakpoint
CREATE UNIQUE INDEX `secret_identity` ON `secret` (`scope`,`scope_id`,`key`);--> statement-breakpoint
CREATE INDEX `secret_instance` ON `secret` (`instance_id`);--> statement-breakpoint
CREATE TABLE `session` (
	`id` text PRIMARY KEY NOT NULL,
	`user_id` text NOT NULL,
	`token` text NOT NULL,
	`expires_at` integer NOT NULL,
	`ip` text,
	`user_agent` text,
	`impersonated_by` text,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL,
	FOREIGN KEY (`user_id`) REFERENCES `user`(`id`) ON UPDATE no action ON DELETE cascade,
	FOREIGN KEY (`impersonated_by`) REFERENCES `user`(`id`) ON UPDATE no action ON DELETE cascade
);
--> statement-breakpoint
CREATE UNIQUE INDEX `session_token_unique` ON `session` (`token`);--> statement-breakpoint
CREATE INDEX `session_user` ON `session` (`user_id`);--> statement-breakpoint
CREATE INDEX `session_impersonated_by` ON `session` (`impersonated_by`);--> statement-breakpoint
CREATE INDEX `session_expires` ON `session` (`expires_at`);--> statement-breakpoint
CREATE TABLE `setting` (
	`id` text PRIMARY KEY NOT NULL,
	`instance_id` text,
	`scope` text NOT NULL,
	`scope_id` text NOT NULL,
	`value` text NOT NULL,
	`version` integer DEFAULT 1 NOT NULL,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL,
	FOREIGN KEY (`instance_id`) REFERENCES `instance`(`id`) ON UPDATE no action ON DELETE cascade
);
--> statement-breakpoint
CREATE UNIQUE INDEX `setting_identity` ON `setting` (`scope`,`scope_id`);--> statement-breakpoint
CREATE INDEX `setting_instance` ON `setting` (`instance_id`);--> statement-breakpoint
CREATE TABLE `slug_alias` (
	`slug` text PRIMARY KEY NOT NULL,
	`kind` text NOT NULL,
	`target_id` text NOT NULL,
	`current` integer DEFAULT true NOT NULL,
	`released_at` integer,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL
);
--> statement-breakpoint
CREATE INDEX `slug_alias_target` ON `slug_alias` (`target_id`);--> statement-breakpoint
CREATE TABLE `terminal` (
	`id` text PRIMARY KEY NOT NULL,
	`instance_id` text NOT NULL,
	`workspace_id` text NOT NULL,
	`runtime_id` text NOT NULL,
	`agent_session_id` text,
	`title` text DEFAULT '' NOT NULL,
	`command_kind` text NOT NULL,
	`cwd` text NOT NULL,
	`cols` integer NOT NULL,
	`rows` integer NOT NULL,
	`state` text DEFAULT 'starting' NOT NULL,
	`exit_code` integer,
	`mode` text DEFAULT 'shared' NOT NULL,
	`source` text DEFAULT 'host' NOT NULL,
	`last_activity_at` integer NOT NULL,
	`archived_at` integer,
	`created_by` text,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL,
	FOREIGN KEY (`instance_id`) REFERENCES `instance`(`id`) ON UPDATE no action ON DELETE cascade,
	FOREIGN KEY (`workspace_id`) REFERENCES `workspace`(`id`) ON UPDATE no action ON DELETE cascade,
	FOREIGN KEY (`runtime_id`) REFERENCES `runtime`(`id`) ON UPDATE no action ON DELETE cascade,
	FOREIGN KEY (`agent_session_id`) REFERENCES `agent_session`(`id`) ON UPDATE no action ON DELETE set null,
	FOREIGN KEY (`created_by`) REFERENCES `user`(`id`) ON UPDATE no action ON DELETE set null
);
--> statement-breakpoint
CREATE INDEX `terminal_workspace` ON `terminal` (`workspace_id`,`archived_at`,`last_activity_at`);--> statement-breakpoint
CREATE INDEX `terminal_instance` ON `terminal` (`instance_id`);--> statement-breakpoint
CREATE INDEX `terminal_runtime` ON `terminal` (`runtime_id`);--> statement-breakpoint
CREATE INDEX `terminal_agent_session` ON `terminal` (`agent_session_id`);--> statement-breakpoint
CREATE INDEX `terminal_created_by` ON `terminal` (`created_by`);--> statement-breakpoint
CREATE TABLE `user` (
	`id` text PRIMARY KEY NOT NULL,
	`name` text NOT NULL,
	`email` text NOT NULL,
	`email_verified` integer DEFAULT false NOT NULL,
	`image` text,
	`role` text DEFAULT 'user' NOT NULL,
	`banned` integer DEFAULT false NOT NULL,
	`ban_reason` text,
	`ban_expires` integer,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL
);
--> statement-breakpoint
CREATE UNIQUE INDEX `user_email_unique` ON `user` (`email`);--> statement-breakpoint
CREATE TABLE `verification` (
	`id` text PRIMARY KEY NOT NULL,
	`identifier` text NOT NULL,
	`value` text NOT NULL,
	`expires_at` integer NOT NULL,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL
);
--> statement-breakpoint
CREATE INDEX `verification_identifier` ON `verification` (`identifier`);--> statement-breakpoint
CREATE INDEX `verification_expires` ON `verification` (`expires_at`);--> statement-breakpoint
CREATE TABLE `workspace` (
	`id` text PRIMARY KEY NOT NULL,
	`instance_id` text NOT NULL,
	`slug` text NOT NULL,
	`name` text NOT NULL,
	`type` text NOT NULL,
	`config` text NOT NULL,
	`status` text DEFAULT 'creating' NOT NULL,
	`runtime_id` text,
	`assignment_generation` integer DEFAULT 0 NOT NULL,
	`root_path` text,
	`error_code` text,
	`error_message` text,
	`archived_at` integer,
	`deleted_at` integer,
	`created_by` text,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL,
	FOREIGN KEY (`instance_id`) REFERENCES `instance`(`id`) ON UPDATE no action ON DELETE cascade,
	FOREIGN KEY (`runtime_id`) REFERENCES `runtime`(`id`) ON UPDATE no action ON DELETE set null,
	FOREIGN KEY (`created_by`) REFERENCES `user`(`id`) ON UPDATE no action ON DELETE set null
);
--> statement-breakpoint
CREATE UNIQUE INDEX `workspace_slug` ON `workspace` (`slug`) WHERE deleted_at is null;--> statement-breakpoint
CREATE INDEX `workspace_instance` ON `workspace` (`instance_id`,`status`,`created_at`);--> statement-breakpoint
CREATE INDEX `workspace_runtime` ON `workspace` (`runtime_id`);--> statement-breakpoint
CREATE INDEX `workspace_created_by` ON `workspace` (`created_by`);--> statement-breakpoint
CREATE TABLE `workspace_assignment` (
	`id` text PRIMARY KEY NOT NULL,
	`workspace_id` text NOT NULL,
	`instance_id` text NOT NULL,
	`runtime_id` text,
	`generation` integer NOT NULL,
	`reason` text NOT NULL,
	`actor_user_id` text,
	`started_at` integer NOT NULL,
	`ended_at` integer,
	`outcome` text,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL,
	FOREIGN KEY (`workspace_id`) REFERENCES `workspace`(`id`) ON UPDATE no action ON DELETE cascade,
	FOREIGN KEY (`instance_id`) REFERENCES `instance`(`id`) ON UPDATE no action ON DELETE cascade,
	FOREIGN KEY (`runtime_id`) REFERENCES `runtime`(`id`) ON UPDATE no action ON DELETE set null,
	FOREIGN KEY (`actor_user_id`) REFERENCES `user`(`id`) ON UPDATE no action ON DELETE set null
);
--> statement-breakpoint
CREATE UNIQUE INDEX `workspace_assignment_open` ON `workspace_assignment` (`workspace_id`) WHERE ended_at is null;--> statement-breakpoint
CREATE INDEX `workspace_assignment_workspace` ON `workspace_assignment` (`workspace_id`,`generation`);--> statement-breakpoint
CREATE INDEX `workspace_assignment_instance` ON `workspace_assignment` (`instance_id`);--> statement-breakpoint
CREATE INDEX `workspace_assignment_runtime` ON `workspace_assignment` (`runtime_id`);--> statement-breakpoint
CREATE INDEX `workspace_assignment_actor` ON `workspace_assignment` (`actor_user_id`);--> statement-breakpoint
CREATE TABLE `worktree` (
	`id` text PRIMARY KEY NOT NULL,
	`instance_id` text NOT NULL,
	`workspace_id` text NOT NULL,
	`repo_id` text,
	`runtime_id` text NOT NULL,
	`agent_session_id` text,
	`path` text NOT NULL,
	`branch` text NOT NULL,
	`base_ref` text NOT NULL,
	`base_sha` text NOT NULL,
	`state` text DEFAULT 'creating' NOT NULL,
	`dirty_count` integer DEFAULT 0 NOT NULL,
	`size_bytes` integer,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL,
	FOREIGN KEY (`instance_id`) REFERENCES `instance`(`id`) ON UPDATE no action ON DELETE cascade,
	FOREIGN KEY (`workspace_id`) REFERENCES `workspace`(`id`) ON UPDATE no action ON DELETE cascade,
	FOREIGN KEY (`repo_id`) REFERENCES `repo`(`id`) ON UPDATE no action ON DELETE set null,
	FOREIGN KEY (`runtime_id`) REFERENCES `runtime`(`id`) ON UPDATE no action ON DELETE cascade,
	FOREIGN KEY (`agent_session_id`) REFERENCES `agent_session`(`id`) ON UPDATE no action ON DELETE set null
);
--> statement-breakpoint
CREATE INDEX `worktree_workspace` ON `worktree` (`workspace_id`,`state`);--> statement-breakpoint
CREATE INDEX `worktree_instance` ON `worktree` (`instance_id`);--> statement-breakpoint
CREATE INDEX `worktree_repo` ON `worktree` (`repo_id`);--> statement-breakpoint
CREATE INDEX `worktree_runtime` ON `worktree` (`runtime_id`);--> statement-breakpoint
CREATE INDEX `worktree_agent_session` ON `worktree` (`agent_session_id`);