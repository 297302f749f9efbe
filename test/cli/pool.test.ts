// Address pools from the command line.
import { describe, expect, it } from 'vitest'
import { addNasGroupCommands } from '../../src/cli/nas-group.ts'
import { addPoolCommands } from '../../src/cli/pool.ts'
import { useCommands } from '../support/commands.ts'
import { useDatabase } from '../support/database.ts'

const commands = useCommands(useDatabase(), (program) => {
  addPoolCommands(program)
  addNasGroupCommands(program)
})

describe('pool', () => {
  it('without any says who hands out addresses', async () => {
    expect(await commands.run('pool list')).toEqual([
      'there are no pools: the NASes hand out addresses by the names that plans give them',
    ])
    await expect(commands.run('pool show home')).rejects.toThrow('there is no address pool "home"')
  })

  it('is added with its ranges, and says how many addresses it has and when it hands out', async () => {
    const [line] = await commands.run('pool add --name home --range 100.64.0.0/22 --exclude 100.64.0.0 100.64.3.255')
    expect(line).toMatch(/^pool home added with 1022 addresses; it hands out from \d{4}-\d\d-\d\dT[\d:]{8}Z on$/)
    await commands.run('nas-group add --name north')
    expect(await commands.run('pool add --name home --range 10.0.0.1-10.0.0.8 --nas-group north --no-learn')).toEqual([
      'pool home added with 8 addresses',
    ])
    await commands.run(
      'pool add --name sites --kind delegated-ipv6-prefix --range 2001:db8::/48 --no-sticky --on-exhausted nas-pool --no-learn',
    )
  })

  it('is listed and shown with how full it is', async () => {
    const lines = await commands.run('pool list')
    expect(lines[0]).toMatch(/^NAME +KIND +WHERE +TOTAL +USED +HELD +STATIC +FREE +LEARNS UNTIL$/)
    expect(lines.slice(1).map((line) => line.split(/\s{2,}/).slice(0, 8))).toEqual([
      ['home', 'ipv4', 'space default', '1022', '0', '0', '0', '1022'],
      ['home', 'ipv4', 'group north', '8', '0', '0', '0', '8'],
      ['sites', 'delegated-ipv6-prefix', 'space default', '256', '0', '0', '0', '256'],
    ])
    expect((await commands.run('pool show home')).join('\n')).toContain('100.64.0.0, 100.64.3.255')
    expect(await commands.json('pool show sites')).toMatchObject([
      { name: 'sites', prefix_length: 56, on_exhausted: 'nas-pool', sticky: false, learns: false, total: 256 },
    ])
  })

  it('is refused by the name of what is wrong', async () => {
    await expect(commands.run('pool add --name other --range 100.64.1.0/24')).rejects.toThrow(/^ranges: another pool/)
    await expect(commands.run('pool add --name other --range 10.1.0.1/24')).rejects.toThrow(/ranges: .*behind its mask/)
    await expect(commands.run('pool add --name other --range 10.1.0.0/24 --nas-group south')).rejects.toThrow(/"south"/)
  })
})
