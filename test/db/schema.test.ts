// The hand-written row types against a migrated database: each table and column, its type, whether it may be null, and
// whether the database fills it in.
import * as fs from 'node:fs'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'
import { expect, it } from 'vitest'
import { useDatabase } from '../support/database.ts'

const database = useDatabase()

type Tables = Record<string, Record<string, string>>

function readTypes(): Tables {
  const types = new Map<string, ts.TypeNode>()
  const folder = fileURLToPath(new URL('../../src/db/', import.meta.url))
  for (const name of fs.readdirSync(folder).filter((found) => /^schema.*\.ts$/.test(found))) {
    const path = folder + name
    const file = ts.createSourceFile(path, fs.readFileSync(path, 'utf8'), ts.ScriptTarget.Latest, true)
    file.forEachChild((node) => {
      if (ts.isTypeAliasDeclaration(node)) types.set(node.name.text, node.type)
    })
  }
  const columnsOf = (name: string): Record<string, string> => {
    const type = types.get(name)
    if (type !== undefined && ts.isTypeLiteralNode(type)) return members(type)
    // `Omit<SessionTable, 'id'> & { id: bigint }` is the one type made from another.
    if (name === 'SessionArchiveTable') return { ...columnsOf('SessionTable'), id: 'bigint' }
    throw new Error(`${name} is not a literal type`)
  }
  const whole = types.get('Database')
  if (whole === undefined || !ts.isIntersectionTypeNode(whole)) throw new Error('Database is not put together')
  const parts = whole.types.map((part) => types.get(part.getText())).filter((part) => part !== undefined)
  const tables = Object.assign({}, ...parts.filter(ts.isTypeLiteralNode).map(members)) as Record<string, string>
  return Object.fromEntries(Object.entries(tables).map(([table, type]) => [table, columnsOf(type)]))
}

function members(type: ts.TypeLiteralNode): Record<string, string> {
  const entries = type.members.filter(ts.isPropertySignature).map((member) => {
    // A long union stands on lines of its own, each behind its bar.
    const text = (member.type?.getText() ?? '').replace(/^\|/, '').replaceAll(/\s*\n\s*\|\s*/g, ' | ')
    return [member.name.getText(), text.replaceAll(/\s*\n\s*/g, '').trim()] as const
  })
  return Object.fromEntries(entries)
}

const javascriptTypes: Record<string, string> = {
  bigint: 'bigint',
  integer: 'number',
  smallint: 'number',
  'double precision': 'number',
  boolean: 'boolean',
  text: 'string',
  'character(3)': 'string',
  date: 'string',
  cidr: 'string',
  inet: 'string',
  macaddr: 'string',
  xid8: 'string',
  bytea: 'Buffer',
  jsonb: 'unknown',
  'timestamp with time zone': 'Date',
  'timestamp without time zone': 'Date',
  'text[]': 'string[]',
  'integer[]': 'number[]',
  'bigint[]': 'bigint[]',
  'cidr[]': 'string[]',
}

type Column = { table: string; name: string; type: string; required: boolean; filled: boolean; choices: string | null }

async function readDatabase(): Promise<Tables> {
  const { rows } = await database.pool.query<Column>(`
    select c.relname as table, a.attname as name, format_type(a.atttypid, a.atttypmod) as type, a.attnotnull as required,
      a.atthasdef or a.attidentity <> '' as filled,
      (select pg_get_constraintdef(k.oid) from pg_constraint k
       where k.conrelid = c.oid and k.contype = 'c' and k.conkey = array[a.attnum]
         and pg_get_constraintdef(k.oid) like '%ARRAY[%::text%') as choices
    from pg_class c join pg_attribute a on a.attrelid = c.oid
    where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition
      and a.attnum > 0 and not a.attisdropped
      and c.relname not in ('schema_migration', 'kysely_migration', 'kysely_migration_lock')
    order by c.relname, a.attnum`)
  const tables: Tables = {}
  for (const column of rows) (tables[column.table] ??= {})[column.name] = expectedType(column)
  return tables
}

function expectedType({ type, required, filled, choices }: Column): string {
  const words = choices === null ? [] : [...choices.matchAll(/'([^']+)'::text/g)].map((match) => `'${match[1]}'`)
  const base = words.length > 0 ? words.join(' | ') : (javascriptTypes[type] ?? `no type for ${type}`)
  const nullable = required || base === 'unknown' ? base : `${base} | null`
  return filled ? `Generated<${nullable}>` : nullable
}

it('has every table and column of the migrated database, and no other', async () => {
  const [written, live] = [readTypes(), await readDatabase()]
  expect(Object.keys(written).toSorted()).toEqual(Object.keys(live).toSorted())
  for (const [table, columns] of Object.entries(live)) {
    // The archive's rows come whole from session: what the database would fill in there is not used.
    if (table === 'session_archive')
      expect(Object.keys(written[table]!).toSorted()).toEqual(Object.keys(columns).toSorted())
    else expect({ [table]: sorted(written[table]!) }).toEqual({ [table]: sorted(columns) })
  }
})

function sorted(columns: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(columns).toSorted(([one], [other]) => one.localeCompare(other)))
}
