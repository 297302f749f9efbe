// The command line: `gatehouse <command>`. Each command is a file in cli/; exit codes are 0 done, 1 failed, 2 wrong use.

import { Command } from 'commander'
import { addAlarmCommands } from './cli/alarm.ts'
import { addAuditCommands } from './cli/audit.ts'
import { addClientCommands } from './cli/client.ts'
import { addFindCommands } from './cli/find.ts'
import { addHomeServerCommands } from './cli/home-server.ts'
import { addInboxCommands } from './cli/inbox.ts'
import { addKeyCommands } from './cli/key.ts'
import { addMigrateCommand } from './cli/migrate.ts'
import { addNasGroupCommands } from './cli/nas-group.ts'
import { addNasCommands } from './cli/nas.ts'
import { addOperatorCommands } from './cli/operator.ts'
import { addPlanCommands } from './cli/plan.ts'
import { addPoolCommands } from './cli/pool.ts'
import { addRealmCommands } from './cli/realm.ts'
import { addRebindCommands } from './cli/rebind.ts'
import { runCommandLine, throwUsageErrors } from './cli/run.ts'
import { addSessionsCommand } from './cli/sessions.ts'
import { addSettingCommands } from './cli/setting.ts'
import { addSimulateCommand } from './cli/simulate.ts'
import { addSubscriberCommands } from './cli/subscriber.ts'
import { addWhyCommand } from './cli/why.ts'
import { readConfig } from './config.ts'
import { release } from './db/migrate.ts'

const program = throwUsageErrors(new Command('gatehouse'))
  .description('RADIUS authentication, authorization and accounting for an internet service provider')
  .version(release)
  // Most errors are about one option: the whole help behind them would hide the line that matters.
  .showHelpAfterError('(--help shows what there is)')

// What operators create and ask, in the order in which a new ISP needs it.
addClientCommands(program)
addNasGroupCommands(program)
addNasCommands(program)
addRealmCommands(program)
addHomeServerCommands(program)
addPlanCommands(program)
addPoolCommands(program)
addSubscriberCommands(program)
addSessionsCommand(program)
addWhyCommand(program)
addFindCommands(program)
addInboxCommands(program)
addRebindCommands(program)
addAlarmCommands(program)
addAuditCommands(program)
addSettingCommands(program)
addOperatorCommands(program)
addKeyCommands(program)
addMigrateCommand(program)
addSimulateCommand(program)

// What runs until it is told to end. Imported when asked for: a short command need not load the whole service.
program
  .command('serve')
  .description('answer RADIUS, serve HTTP and run the jobs, until Ctrl-C')
  .action(async () => {
    const { serve } = await import('./cli/serve.ts')
    await serve(readConfig())
  })
program
  .command('demo')
  .description('a made-up ISP with emulated NASes over its own database, until Ctrl-C')
  .option('--seconds <seconds>', 'end by itself; fails if the database then differs')
  .option('--json', 'one JSON value a line')
  .action(async (options: { seconds?: string; json?: true }) => {
    const { demo } = await import('./cli/demo.ts')
    await demo(options)
  })

process.exitCode = await runCommandLine(program, process.argv)
