// `gatehouse plan`: what subscribers are entitled to.

import type { Command } from 'commander'
import { formatMoney } from '../domain/money.ts'
import { addPlan, listPlans } from '../domain/plan.ts'
import type { NewPlan, PlanSummary } from '../domain/plan.ts'
import { formatQuantity } from '../domain/quantity.ts'
import { createAttributeCheck } from './attribute-check.ts'
import { withConfiguredDatabase } from './database.ts'
import { printJson, printLine, printTable } from './output.ts'

type AddOptions = Omit<
  NewPlan,
  'attributes' | 'noCutDays' | 'ownerId' | 'idleTimeoutS' | 'interimIntervalS' | 'more'
> & {
  attribute?: string[]
  uncutDays?: string
  idleTimeout?: string
  interim?: string
  json?: true
}

/** Adds the commands of this noun. */
export function addPlanCommands(program: Command): void {
  const plan = program.command('plan').description('what subscribers are entitled to')
  const add = plan
    .command('add')
    .description('add a plan; rates such as 50M, 512k or 1G are decimal bits per second')
    .requiredOption('--name <name>')
    .requiredOption('--down <rate>', 'rate to the subscriber')
    .requiredOption('--up <rate>', 'rate from the subscriber')
    .requiredOption('--days <days>', 'length of a service period, or count of validity units; 0: it never ends')
    .option('--validity-unit <unit>', 'hours, days, months or calendar-month in place of days')
    .option('--price <amount>', "price of a period in the ISP's currency, such as 20.00")
    .option('--setup-price <amount>', 'price of the first activation')
    .option('--auto-renew', 'subscribers of it renew by themselves')
    .option('--session-limit <count>', 'lines online at once')
    .option('--device-limit <count>', 'MACs learnt and bound per subscriber')
    .option('--mac-rule <rule>', 'free, learn or bound')
    .option('--quota <volume>', 'octets of both directions, such as 100G')
    .option('--quota-down <volume>', 'octets to the subscriber')
    .option('--quota-up <volume>', 'octets from the subscriber')
    .option('--quota-period <window>', 'day, week, month, or the service period')
    .option('--pool <name>', 'IPv4 address pool on the NAS')
    .option('--ipv6-pool <name>')
    .option('--delegated-ipv6-pool <name>')
    .option('--address-list <name>')
    .option('--idle-timeout <seconds>')
    .option('--interim <seconds>', 'between accounting reports, at least 60')
    .option('--attribute <text...>', 'an extra attribute of every accept, as "Name = value"')
    .option('--json')
  addBurstOptions(add)
  addExpiryOptions(add)
  add.action(addAction)
  plan.command('list').description('all plans').option('--json').action(list)
}

function addBurstOptions(add: Command): void {
  add
    .option('--burst-down <rate>')
    .option('--burst-up <rate>')
    .option('--burst-threshold-down <rate>')
    .option('--burst-threshold-up <rate>')
    .option('--burst-seconds <seconds>')
    .option('--priority <number>', '1 (first) to 8')
    .option('--min-down <rate>', 'kept when the NAS is full, where it knows such a thing')
    .option('--min-up <rate>')
}

function addExpiryOptions(add: Command): void {
  add
    .option('--grace-hours <hours>', 'service goes on for so long after the expiry')
    .option('--expiry-rule <rule>', 'instant, end-of-day or local-hour')
    .option('--expiry-hour <hour>', 'with local-hour: 0 to 23')
    .option('--uncut-days <days>', 'weekdays on which nothing ends, 1 = Monday, such as 6,7')
    .option('--on-expiry <what>', 'reject or garden')
    .option('--on-block <what>', 'reject or garden')
    .option('--on-quota <what>', 'reject or garden')
    .option('--garden-address-list <name>')
    .option('--garden-pool <name>')
}

async function addAction(options: AddOptions): Promise<void> {
  const { json, attribute, uncutDays, idleTimeout, interim, ...input } = options
  const plan: NewPlan = {
    ...input,
    ...(attribute === undefined ? {} : { attributes: attribute }),
    ...(uncutDays === undefined ? {} : { noCutDays: uncutDays.split(',') }),
    ...(idleTimeout === undefined ? {} : { idleTimeoutS: idleTimeout }),
    ...(interim === undefined ? {} : { interimIntervalS: interim }),
  }
  const { id } = await withConfiguredDatabase(({ db, now }) => addPlan(db, plan, createAttributeCheck(), now))
  if (json) printJson({ id, name: options.name })
  else printLine(`plan ${options.name} added`)
}

async function list({ json }: { json?: true }): Promise<void> {
  const plans = await withConfiguredDatabase(({ db }) => listPlans(db))
  if (json) {
    printJson(plans.map(present))
    return
  }
  printTable(
    ['NAME', 'DOWN', 'UP', 'VALID', 'PRICE', 'SESSIONS', 'QUOTA', 'POOL', 'OWNER'],
    plans.map((plan) => [
      plan.name,
      formatQuantity(plan.down_bps),
      formatQuantity(plan.up_bps),
      showValidity(plan),
      `${formatMoney(plan.price_minor, plan.currency)} ${plan.currency}`,
      plan.session_limit,
      showQuota(plan),
      plan.pool,
      plan.owner ?? 'all',
    ]),
    'there are no plans; add one with: plan add --name N --down 50M --up 20M --days 30 --price 20.00',
  )
}

function showValidity({ validity, validity_unit: unit }: PlanSummary): string {
  return validity === 0 ? 'for ever' : `${validity} ${unit}`
}

/** `100G, 80G down a month`. */
function showQuota(plan: PlanSummary): string | null {
  const quotas = [
    [plan.quota_octets, ''],
    [plan.quota_down_octets, ' down'],
    [plan.quota_up_octets, ' up'],
  ] as const
  const shown = quotas.flatMap(([octets, which]) => (octets === null ? [] : [`${formatQuantity(octets)}${which}`]))
  return shown.length === 0 ? null : `${shown.join(', ')} a ${plan.quota_period}`
}

/** Money in major units beside its currency, octets as decimal text (decision 28). */
function present(plan: PlanSummary) {
  const { price_minor: price, setup_price_minor: setup, archived_at: _, version: _version, ...rest } = plan
  return {
    ...rest,
    price: formatMoney(price, plan.currency),
    setup_price: formatMoney(setup, plan.currency),
    quota_octets: plan.quota_octets?.toString() ?? null,
    quota_down_octets: plan.quota_down_octets?.toString() ?? null,
    quota_up_octets: plan.quota_up_octets?.toString() ?? null,
  }
}
