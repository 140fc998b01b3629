import type { InstanceView, MachineView, OrganizationView } from '@pilot/protocol/api/views'
import { describe, expect, it } from 'vitest'
import type { TargetOf } from '../support/cases.ts'
import { FakeRuntime } from '../support/fake-runtime.ts'
import { enroll, newPerson, newTenant, redeem } from '../support/world.ts'

export function resourceCases(target: TargetOf): void {
  describe('organizations, instances, machines', () => {
    it('creates, lists and renames an organization', async () => {
      const { browser, organization } = await newTenant(target().url)
      expect(organization).toMatchObject({ name: 'Acme Größe', role: 'owner' })
      expect(organization.slug).toMatch(/^acme-gro-e-[a-z0-9]{6}$/)
      const organization_slug = organization.slug
      const renamed = await browser.call<OrganizationView>('mutation', 'organization.rename', {
        organization_slug,
        name: 'Acme',
      })
      expect(renamed.name).toBe('Acme')
      const list = await browser.call<OrganizationView[]>('query', 'organization.list')
      expect(list.map(({ id }) => id)).toEqual([organization.id])
      await expect(
        browser.call('mutation', 'organization.remove_member', {
          organization_slug,
          member_id: (
            await browser.call<{ items: { id: string }[] }>('query', 'organization.members', { organization_slug })
          ).items[0]?.id,
        }),
      ).rejects.toMatchObject({ status: 409, code: 'LAST_OWNER' })
    })

    it('keeps organizations apart', async () => {
      const { organization, instance } = await newTenant(target().url)
      const stranger = await newPerson(target().url)
      expect(await stranger.call('query', 'organization.list')).toEqual([])
      const organization_slug = organization.slug
      await expect(stranger.call('query', 'organization.get', { organization_slug })).rejects.toMatchObject({
        status: 404,
        code: 'ORGANIZATION_NOT_FOUND',
      })
      await expect(stranger.call('query', 'machine.list', { instance_id: instance.id })).rejects.toMatchObject({
        code: 'INSTANCE_NOT_FOUND',
      })
      await expect(stranger.call('query', 'slug.resolve', { slug: organization_slug })).rejects.toMatchObject({
        code: 'NOT_FOUND',
      })
    })

    it('resolves a slug, and says which ones can be had', async () => {
      const { browser, organization } = await newTenant(target().url)
      expect(await browser.call('query', 'slug.resolve', { slug: organization.slug })).toMatchObject({
        kind: 'organization',
        id: organization.id,
        current: true,
      })
      const available = (slug: string) => browser.call('query', 'slug.available', { slug })
      expect(await available('fresh-address')).toMatchObject({ available: true })
      expect(await available(organization.slug)).toMatchObject({ available: false, code: 'SLUG_TAKEN' })
      expect(await available('login')).toMatchObject({ available: false, code: 'SLUG_RESERVED' })
      expect(await available('Größe')).toMatchObject({ available: false, code: 'VALIDATION_FAILED' })
    })

    it('creates, renames, archives, restores and deletes', async () => {
      const { browser, organization, instance } = await newTenant(target().url)
      const second = await browser.call<InstanceView>('mutation', 'instance.create', {
        organization_slug: organization.slug,
        name: 'Second',
      })
      expect(await browser.call('mutation', 'instance.delete', { instance_id: second.id })).toEqual({ ok: true })
      const machine = await browser.call<MachineView>('mutation', 'machine.create', {
        instance_id: instance.id,
        name: 'box',
      })
      const input = { machine_id: machine.id }
      expect(await browser.call('mutation', 'machine.rename', { ...input, name: 'tower' })).toMatchObject({
        name: 'tower',
      })
      expect(await browser.call('mutation', 'machine.archive', input)).toMatchObject({ state: 'archived' })
      expect(await browser.call('mutation', 'machine.restore', input)).toMatchObject({ state: 'started' })
      const listed = await browser.call<{ items: MachineView[] }>('query', 'machine.list', { instance_id: instance.id })
      expect(listed.items).toMatchObject([{ id: machine.id, runtime: null }])
      expect(await browser.call('mutation', 'machine.delete', input)).toEqual({ ok: true })
      await expect(browser.call('mutation', 'machine.archive', input)).rejects.toMatchObject({
        code: 'MACHINE_NOT_FOUND',
      })
    })

    it('names what is wrong with an input, and refuses what is too large or too deep', async () => {
      const browser = await newPerson(target().url)
      const create = (name: unknown) => browser.call('mutation', 'organization.create', { name })
      for (const name of ['', ' ', 'x'.repeat(81), 7, null, '\ud800'])
        await expect(create(name)).rejects.toMatchObject({ status: 400, code: 'VALIDATION_FAILED' })
      const { status, body } = await browser.post('api/trpc/organization.create', { name: 'x'.repeat(1_100_000) })
      expect([status, JSON.stringify(body)]).toEqual([413, expect.stringContaining('PAYLOAD_TOO_LARGE')])
      const deep = '['.repeat(5_000) + ']'.repeat(5_000)
      const refused = await browser.json('api/trpc/organization.create', {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: `{"name":${deep}}`,
      })
      expect(refused.status).toBe(400)
    })
  })

  describe('enrolment', () => {
    it('takes a token once, and only a real one', async () => {
      const { browser, instance } = await newTenant(target().url)
      const machine = await browser.call<MachineView>('mutation', 'machine.create', {
        instance_id: instance.id,
        name: 'box',
      })
      const { token } = await enroll(browser, machine.id)
      const first = await redeem(target().url, token)
      expect(first.status).toBe(201)
      const identity = (await first.json()) as { runtime_id: string; runtime_token: string }
      expect(identity.runtime_id).toMatch(/^rt_/)
      for (const used of [token, 'pilot_enr_invented']) {
        const again = await redeem(target().url, used)
        expect([again.status, await again.json()]).toMatchObject([410, { error: { code: 'LINK_EXPIRED' } }])
      }
      const runtime = new FakeRuntime(target().url, identity)
      await expect(runtime.connect('wrong')).rejects.toThrow(/refused/)
      await runtime.connect()
      await runtime.disconnect()
    })
  })
}
