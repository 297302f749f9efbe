// The list of bulk runs.
import type { bulkRuns as english } from '../en/bulk-runs.ts'
import type { Words } from '../words.ts'

export const bulkRuns: Words<typeof english> = {
  bulkRuns: {
    title: 'العمليات الجماعية',
    at: 'بدأت',
    author: 'بواسطة',
    action: 'الإجراء',
    state: 'الحالة',
    total: 'المشتركون',
    done: 'تم',
    refused: 'رُفض',
    failed: 'فشل',
    took: 'المدة',
    of: 'بسبب',
    retryOf: 'إعادة للعملية {{id}}',
    undoOf: 'تراجع عن العملية {{id}}',
    anyState: 'أي حالة',
    onlyOwn: 'عملياتي فقط',
    none: 'لا عملية جماعية بعد. حدّد مشتركين في القائمة واختر إجراءً.',
  },
}
