// `gatehouse pool`: addresses that we hand out ourselves, and how full the pools of them are.

import type { Command } from 'commander'
import { NotFoundError } from '../domain/field.ts'
import { addIpPool } from '../domain/ip-pool/pool.ts'
import { listIpPools } from '../domain/ip-pool/usage.ts'
import type { IpPoolShown } from '../domain/ip-pool/usage.ts'
import { withConfiguredDatabase } from './database.ts'
import { printFacts, printJson, printLine, printTable } from './output.ts'

type AddOptions = {
  name: string
  kind: string
  range: string[]
  exclude?: string[]
  prefixLength?: string
  addressSpace?: string
  nasGroup?: string
  onExhausted?: string
  sticky: boolean
  learn: boolean
  json?: true
}

/** Adds the commands of this noun. */
export function addPoolCommands(program: Command): void {
  const pool = program.command('pool').description('addresses handed out by us, under the names that plans use')
  pool
    .command('add')
    .description('add a pool; it looks for an interim interval which addresses are in use before it hands out')
    .requiredOption('--name <name>', 'as plans and gardens name it')
    .requiredOption('--range <range...>', '10.0.0.0/24, 10.0.0.5-10.0.0.9 or 2001:db8::/40')
    .option('--kind <kind>', 'ipv4, ipv6-prefix or delegated-ipv6-prefix', 'ipv4')
    .option('--exclude <range...>', 'what of it is not handed out')
    .option('--prefix-length <length>', 'of IPv6 prefixes: what a subscriber gets (64, delegated 56)')
    .option('--address-space <name>')
    .option('--nas-group <name>', 'only there; without it, in every group of the address space')
    .option('--on-exhausted <what>', 'reject, or nas-pool: the NAS takes an address of its own pool of that name')
    .option('--no-sticky', 'a line need not get again what it had last')
    .option('--no-learn', 'hand out at once: nobody online can have one of these addresses')
    .option('--json')
    .action(add)
  pool.command('list').description('all pools, with how full they are').option('--json').action(list)
  pool
    .command('show')
    .description('the pools of a name: ranges, and how full they are')
    .argument('<name>')
    .option('--json')
    .action(show)
}

async function add({ json, range, exclude, learn, ...input }: AddOptions): Promise<void> {
  const wanted = { ...input, ranges: range, excluded: exclude, learns: learn }
  const pool = await withConfiguredDatabase(async ({ db, now }) => {
    const { id } = await addIpPool(db, wanted, now)
    return (await listIpPools(db, now, id))[0]!
  })
  if (json) return printJson(pool)
  printLine(`pool ${pool.name} added with ${pool.total} addresses${learns(pool)}`)
}

function learns({ learnUntil }: IpPoolShown): string {
  return learnUntil === null ? '' : `; it hands out from ${learnUntil.toISOString().slice(0, 19)}Z on`
}

async function list({ json }: { json?: true }): Promise<void> {
  const pools = await withConfiguredDatabase(({ db, now }) => listIpPools(db, now))
  if (json) return printJson(pools)
  printTable(
    ['NAME', 'KIND', 'WHERE', 'TOTAL', 'USED', 'HELD', 'STATIC', 'FREE', 'LEARNS UNTIL'],
    pools.map((pool) => [
      pool.name,
      pool.kind,
      whereOf(pool),
      pool.total,
      pool.used,
      pool.held,
      pool.static,
      pool.free,
      pool.learnUntil,
    ]),
    'there are no pools: the NASes hand out addresses by the names that plans give them',
  )
}

async function show(name: string, { json }: { json?: true }): Promise<void> {
  const pools = await withConfiguredDatabase(async ({ db, now }) =>
    (await listIpPools(db, now)).filter((pool) => pool.name === name),
  )
  if (pools.length === 0) throw new NotFoundError('address pool', name)
  if (json) return printJson(pools)
  for (const pool of pools) {
    printFacts([
      ['name', pool.name],
      ['kind', pool.kind],
      ['prefix length', pool.prefixLength],
      ['where', whereOf(pool)],
      ['ranges', pool.ranges.join(', ')],
      ['excluded', pool.excluded.join(', ')],
      ['when exhausted', pool.onExhausted],
      ['sticky', pool.sticky],
      ['learns until', pool.learnUntil],
      ['total', pool.total],
      ['used', pool.used],
      ['held', pool.held],
      ['static', pool.static],
      ['free', pool.free],
    ])
  }
}

function whereOf({ nasGroup, addressSpace }: IpPoolShown): string {
  return nasGroup === null ? `space ${addressSpace}` : `group ${nasGroup}`
}
