// Exports that are made in the background.
import type { exportRuns as english } from '../en/exports.ts'
import type { Words } from '../words.ts'

export const exportRuns: Words<typeof english> = {
  exports: {
    noun: 'المحتوى',
    nouns: {
      subscribers: 'المشتركون',
      sessions: 'الجلسات',
      ledger: 'الحركات المالية',
      'access-log': 'قرارات الدخول',
      audit: 'سجل التدقيق',
      operators: 'المشغّلون',
    },
    format: 'الصيغة',
    state: 'الحالة',
    states: {
      waiting: 'في الانتظار',
      running: 'قيد الإنشاء',
      stopping: 'قيد الإيقاف',
      done: 'جاهز',
      stopped: 'موقوف',
      failed: 'فشل',
    },
    size: 'الحجم',
    asked: 'وقت الطلب',
    finished: 'وقت الانتهاء',
    begun: 'بدأ التصدير',
    download: 'تنزيل',
    downloadOf: 'تنزيل {{name}}',
    stop: 'إيقاف',
    stopOf: 'إيقاف {{name}}',
    add: 'تصدير جديد',
    make: 'إنشاء الملف',
    from: 'من',
    to: 'قبل',
    bom: 'مع علامة في البداية لبرنامج Excel',
    hint: 'تُنشأ الملفات في الخلفية وتُحفظ أسبوعًا. يُصدَّر المشتركون مع مرشِّح وأعمدة مختارة من قائمتهم.',
    empty: 'لا صادرات بعد. تُنشأ الملفات الكبيرة في الخلفية وتبقى هنا أسبوعًا.',
    gone: 'يُحفظ ملفه أسبوعًا.',
  },
}
