// Who pays: an account of its own, or a company that pays for several services, found by name or made here.
import { Button, Select } from '@mantine/core'
import { useDebouncedValue } from '@mantine/hooks'
import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { useState, type ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { getPayers, getPayersId } from '../api/generated/sdk.gen.ts'
import { useMay } from '../sign-in/me.ts'
import { NewPayer } from './new-payer.tsx'

type Props = {
  label: string
  description: ReactNode
  error: ReactNode
  /** Whose payers. */
  ownerId: number
  /** Empty: one of its own. */
  value: string
  onChange(id: string): void
}

const shown = '50'

export function PayerField({ ownerId, value, onChange, ...input }: Props) {
  const { t } = useTranslation()
  const mayMake = useMay('money.post')
  const [typed, setTyped] = useState('')
  const [search] = useDebouncedValue(typed.trim(), 200)
  const [isMaking, setMaking] = useState(false)
  const found = useQuery({
    queryKey: ['payers', 'choice', ownerId, search],
    queryFn: async ({ signal }) => {
      const query = { owner_id: String(ownerId), kind: 'company', limit: shown, ...(search && { search }) } as const
      return (await getPayers({ query, signal, throwOnError: true })).data.items
    },
    placeholderData: keepPreviousData,
  })
  const chosen = useQuery({
    queryKey: ['payers', Number(value)],
    queryFn: async () => (await getPayersId({ path: { id: value }, throwOnError: true })).data,
    enabled: value !== '',
  })
  const named = [...(chosen.data ? [chosen.data] : []), ...(found.data ?? [])]
  const unique = [...new Map(named.map((payer) => [payer.id, payer])).values()]
  return (
    <>
      <Select
        {...input}
        inputWrapperOrder={['label', 'input', 'error', 'description']}
        searchable
        clearable
        placeholder={t('payerChoice.own')}
        data={unique.map(({ id, name }) => ({ value: String(id), label: name }))}
        // The API has found them already.
        filter={({ options }) => options}
        searchValue={typed}
        onSearchChange={setTyped}
        nothingFoundMessage={t('list.emptyFiltered')}
        value={value === '' ? null : value}
        onChange={(next) => onChange(next ?? '')}
        inputContainer={(children) => (
          <div style={{ display: 'flex', gap: 6 }}>
            <div style={{ flex: 1, minInlineSize: 0 }}>{children}</div>
            {mayMake && (
              <Button variant="default" onClick={() => setMaking(true)}>
                {t('payerChoice.make')}
              </Button>
            )}
          </div>
        )}
      />
      {isMaking && (
        <NewPayer
          ownerId={ownerId}
          name={unique.length === 0 ? search : ''}
          onClose={() => setMaking(false)}
          onMade={(id) => {
            setMaking(false)
            onChange(String(id))
          }}
        />
      )}
    </>
  )
}
