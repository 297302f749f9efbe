// The sections of the form: who it is, where it is reached, what it gets and who pays, how it comes in.
import { Fieldset, Input, SegmentedControl, Text } from '@mantine/core'
import type { ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { choicesOf } from '../../api/choices.ts'
import { useMe } from '../../sign-in/me.ts'
import { PayerField } from '../../payers/payer-field.tsx'
import classes from './form.module.css'
import { GroupField } from './group-field.tsx'
import { ChoiceField, LinesField, ListField, TextField, useInput } from './inputs.tsx'
import { nasGroups } from './nas-groups.ts'
import { PasswordField } from './password-field.tsx'
import { UsernameField } from './username-field.tsx'
import { useForm } from './use-subscriber-form.ts'

export function Sections() {
  return (
    <div className={classes.sections}>
      <div className={classes.column}>
        <Identity />
        <Contact />
        <Note />
      </div>
      <div className={classes.column}>
        <Service />
        <Line />
      </div>
    </div>
  )
}

type SectionName = 'identity' | 'contact' | 'service' | 'line' | 'note'

function Section({ name, children }: { name: SectionName; children: ReactNode }) {
  const { t } = useTranslation()
  return (
    <Fieldset legend={<Text fw={600}>{t(`subscriberForm.sections.${name}`)}</Text>}>
      <div className={classes.pairs}>{children}</div>
    </Fieldset>
  )
}

function Identity() {
  return (
    <Section name="identity">
      <UsernameField />
      <TextField name="full_name" />
      <PasswordField />
    </Section>
  )
}

function Contact() {
  return (
    <Section name="contact">
      <TextField name="phone" type="tel" inputMode="tel" />
      <TextField name="phone_extension" inputMode="numeric" />
      <TextField name="email" type="text" inputMode="email" className={classes.wide} />
      <TextField name="address" className={classes.wide} />
      <TextField name="zone" />
      <TextField name="language" placeholder="ar" />
      <TextField name="latitude" inputMode="decimal" placeholder="35.8997" />
      <TextField name="longitude" inputMode="decimal" placeholder="14.5147" />
    </Section>
  )
}

function Note() {
  const form = useForm()
  if (!form.writable.includes('comment')) return null
  return (
    <Section name="note">
      <div className={classes.wide}>
        <LinesField name="comment" rows={3} />
      </div>
    </Section>
  )
}

function Service() {
  const { t } = useTranslation()
  const form = useForm()
  const renews = [
    ...(form.mode === 'add' ? [{ value: '', label: t('subscriberForm.asPlan') }] : []),
    { value: 'true', label: t('words.yes') },
    { value: 'false', label: t('words.no') },
  ]
  return (
    <Section name="service">
      <ChoiceField name="plan" of={choicesOf.plan} required />
      <ChoiceField name="next_plan" of={choicesOf.plan} clearable />
      <TextField
        name="expires_at"
        type="datetime-local"
        description={t(form.mode === 'add' ? 'subscriberForm.hints.expires_at' : 'subscriberForm.noEnd')}
      />
      <Switch name="auto_renew" words={renews} />
      <ChoiceField
        name="owner"
        of={choicesOf.organisation}
        clearable
        placeholder={t('subscriberForm.ownOrganisation')}
      />
      <GroupField />
      <Payer />
      {form.mode === 'edit' && (
        <Text size="sm" c="dimmed" className={classes.wide}>
          {t('subscriberForm.byActions')}
        </Text>
      )}
    </Section>
  )
}

function Payer() {
  const form = useForm()
  const me = useMe()
  const { label, description, error } = useInput('payer_id')
  if (!form.writable.includes('payer_id')) return null
  return (
    <div className={classes.wide}>
      <PayerField
        label={label}
        description={description}
        error={error}
        ownerId={form.values.owner === '' ? me.organisation_id : Number(form.values.owner)}
        value={form.values.payer_id}
        onChange={(id) => form.set({ payer_id: id })}
      />
    </div>
  )
}

function Switch({ name, words }: { name: 'auto_renew' | 'account_type'; words: { value: string; label: string }[] }) {
  const form = useForm()
  const { label } = useInput(name)
  if (!form.writable.includes(name)) return null
  return (
    <Input.Wrapper label={label} labelElement="div">
      <SegmentedControl
        fullWidth
        aria-label={label}
        value={form.values[name]}
        onChange={(next) => form.set({ [name]: next })}
        data={words}
      />
    </Input.Wrapper>
  )
}

function Line() {
  const { t } = useTranslation()
  const form = useForm()
  const shows = form.writable.some((name) => name === 'account_type' || name === 'devices')
  if (!shows) return null
  return (
    <Section name="line">
      <Switch
        name="account_type"
        words={[
          { value: 'pppoe', label: t('words.pppoe') },
          { value: 'ipoe', label: t('words.ipoe') },
        ]}
      />
      <TextField name="session_limit" inputMode="numeric" placeholder={t('subscriberForm.asPlan')} />
      <div className={classes.wide}>
        <ListField name="devices" placeholder="aa:bb:cc:dd:ee:ff" />
      </div>
      <div className={classes.wide}>
        <ListField name="addresses" placeholder="192.0.2.7" />
      </div>
      <TextField name="device_limit" inputMode="numeric" placeholder={t('subscriberForm.asPlan')} />
      <NasGroup />
      <TextField name="bound_interface" placeholder="vlan4071" />
      <TextField name="bound_port" />
      <TextField name="bound_s_vlan" inputMode="numeric" />
      <TextField name="bound_c_vlan" inputMode="numeric" />
      <TextField name="circuit_id" />
      <TextField name="remote_id" />
      <TextField name="duid" />
      <div className={classes.wide}>
        <LinesField name="routes" />
      </div>
      <div className={classes.wide}>
        <LinesField name="attributes" />
      </div>
    </Section>
  )
}

function NasGroup() {
  return <ChoiceField name="bound_nas_group" of={nasGroups} clearable />
}
