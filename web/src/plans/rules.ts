// The obvious rules of a plan, told as one types; the API has the last word.
import type { TFunction } from 'i18next'
import { moneyNames, numberBounds, rateNames, volumeNames, type NumberName, type Values } from './values.ts'

const quantity = /^\d{1,19}(\.\d{1,12})?\s*[kmgt]?$/i
const amount = /^\d{1,15}(\.\d{1,4})?$/
const required = ['name', 'down_bps', 'up_bps', 'validity'] as const
const isZero = (text: string) => Number.parseFloat(text) === 0

/** What is wrong, by the names that the API has for the fields. */
export function faultsOf(values: Values, t: TFunction): Record<string, string> {
  const faults: Record<string, string> = {}
  const isQuantity = (text: string) => quantity.test(text.trim()) && !isZero(text)
  for (const name of rateNames)
    if (values[name] !== '' && !isQuantity(values[name])) faults[name] = t('plan.wrong.rate')
  for (const name of volumeNames) {
    if (values[name] !== '' && !isQuantity(values[name])) faults[name] = t('plan.wrong.volume')
  }
  for (const name of moneyNames) {
    if (values[name] !== '' && !amount.test(values[name].trim())) faults[name] = t('plan.wrong.amount')
  }
  for (const name of Object.keys(numberBounds) as NumberName[]) {
    const [from, to] = numberBounds[name]
    const text = values[name].trim()
    if (text !== '' && !(/^\d+$/.test(text) && Number(text) >= from && Number(text) <= to)) {
      faults[name] = t('plan.wrong.range', { from, to })
    }
  }
  for (const name of required) if (values[name].trim() === '') faults[name] = t('plan.wrong.missing')
  return { ...faults, ...faultsBetween(values, t), ...faultsOfLists(values, isQuantity, t) }
}

function faultsBetween(values: Values, t: TFunction): Record<string, string> {
  const faults: Record<string, string> = {}
  if ((values.burst_down_bps === '') !== (values.burst_up_bps === '')) {
    faults[values.burst_down_bps === '' ? 'burst_down_bps' : 'burst_up_bps'] = t('plan.wrong.bothWays')
  }
  if (values.expiry_rule === 'local-hour' && values.expiry_hour === '') faults.expiry_hour = t('plan.wrong.missing')
  if (values.on_quota === 'slower' && values.quota_plan_id === '') faults.quota_plan_id = t('plan.wrong.missing')
  if (new Set(values.no_cut_days).size === 7) faults.no_cut_days = t('plan.wrong.everyDay')
  return faults
}

function faultsOfLists(values: Values, isQuantity: (text: string) => boolean, t: TFunction): Record<string, string> {
  const faults: Record<string, string> = {}
  for (const [index, step] of values.fup_steps.entries()) {
    if (!isQuantity(step.after_octets)) faults[`fup_steps.${index + 1}.after_octets`] = t('plan.wrong.volume')
    for (const name of ['down_bps', 'up_bps'] as const) {
      if (!isQuantity(step[name])) faults[`fup_steps.${index + 1}.${name}`] = t('plan.wrong.rate')
    }
  }
  for (const [index, window] of values.schedule.entries()) {
    const at = `schedule.${index + 1}`
    if (window.weekdays.length === 0) faults[`${at}.weekdays`] = t('plan.wrong.noDay')
    if (window.from === window.to || window.from === '' || window.to === '') faults[`${at}.to`] = t('plan.wrong.noTime')
    if (window.speed === 'percent') {
      const share = Number(window.percent)
      if (!Number.isInteger(share) || share < 1 || share > 1_000) {
        faults[`${at}.percent`] = t('plan.wrong.range', { from: 1, to: 1_000 })
      }
    } else {
      for (const name of ['down_bps', 'up_bps'] as const) {
        if (!isQuantity(window[name])) faults[`${at}.${name}`] = t('plan.wrong.rate')
      }
    }
  }
  for (const [index, entry] of values.group_pools.entries()) {
    if (entry.nas_group_id === '') faults[`group_pools.${index + 1}.nas_group_id`] = t('plan.wrong.missing')
  }
  return faults
}
