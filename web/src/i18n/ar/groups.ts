// Groups of subscribers.
import type { groups as english } from '../en/groups.ts'
import type { Words } from '../words.ts'

export const groups: Words<typeof english> = {
  groups: {
    name: 'الاسم',
    owner: 'المالك',
    subscribers: 'المشتركون',
    count_zero: 'لا مجموعات',
    count_one: 'مجموعة واحدة',
    count_two: 'مجموعتان',
    count_few: '{{count, number}} مجموعات',
    count_many: '{{count, number}} مجموعة',
    count_other: '{{count, number}} مجموعة',
    add: 'إضافة مجموعة',
    addTitle: 'إضافة مجموعة',
    added: 'تمت إضافة المجموعة {{name}}',
    rename: 'إعادة تسمية',
    renameOf: 'إعادة تسمية {{name}}',
    renamed: 'أصبح اسم {{before}} الآن {{name}}',
    delete: 'حذف',
    deleteOf: 'حذف {{name}}',
    deleted: 'تم حذف المجموعة {{name}}',
    show: 'عرض المشتركين',
    openOf: 'مشتركو {{name}}',
    search: 'البحث عن مجموعة',
    empty: 'لا توجد مجموعات بعد. تجمع المجموعة مشتركين ينتمون معًا، مثل شارع أو حملة.',
    full: 'في {{name}} مشتركون',
    fullHint_zero: 'لا مشتركين في هذه المجموعة.',
    fullHint_one: 'في هذه المجموعة مشترك واحد. لا تُحذف إلا مجموعة فارغة: أخرجه منها أولًا.',
    fullHint_two: 'في هذه المجموعة مشتركان. لا تُحذف إلا مجموعة فارغة: أخرجهما منها أولًا.',
    fullHint_few: 'في هذه المجموعة {{count, number}} مشتركين. لا تُحذف إلا مجموعة فارغة: أخرجهم منها أولًا.',
    fullHint_many: 'في هذه المجموعة {{count, number}} مشتركًا. لا تُحذف إلا مجموعة فارغة: أخرجهم منها أولًا.',
    fullHint_other: 'في هذه المجموعة {{count, number}} مشترك. لا تُحذف إلا مجموعة فارغة: أخرجهم منها أولًا.',
    nameRule: 'من 2 إلى 50 حرفًا.',
  },
}
