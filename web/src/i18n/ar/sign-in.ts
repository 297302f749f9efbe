// Sign-in and the first start.
import type { signIn as english } from '../en/sign-in.ts'
import type { Words } from '../words.ts'

export const signIn: Words<typeof english> = {
  signIn: {
    title: 'تسجيل الدخول',
    email: 'البريد الإلكتروني',
    password: 'كلمة المرور',
    submit: 'تسجيل الدخول',
    codeTitle: 'العامل الثاني',
    codeHint: 'الأرقام الستة من تطبيق المصادقة، أو أحد رموز الاسترداد.',
    code: 'الرمز',
    continue: 'متابعة',
    changeTitle: 'اختر كلمة مرور جديدة',
    changeHint: 'وضع كلمة مرورك شخص آخر، أو أصبحت قديمة جدًا.',
    resetHint: 'تنتهي عندئذ كل جلساتك، وتسجّل الدخول بكلمة المرور الجديدة.',
    invitedHint: 'تمت دعوتك. اختر كلمة المرور التي ستسجّل الدخول بها.',
    setTitle: 'تم تعيين كلمة مرورك',
    setHint: 'سجّل الدخول بها الآن.',
    old: 'كلمة المرور الحالية',
    new: 'كلمة المرور الجديدة',
    again: 'كلمة المرور الجديدة مرة أخرى',
    differ: 'الكلمتان غير متطابقتين',
    save: 'حفظ',
    forgotten: 'هل نسيت كلمة المرور؟',
    forgottenTitle: 'نسيت كلمة المرور',
    forgottenHint: 'نرسل إليك بالبريد رابطًا تختار به كلمة جديدة. يسري ساعة واحدة.',
    forgottenSend: 'إرسال الرابط',
    forgottenSent: 'إن كان لأحد هنا هذا العنوان، فرسالة فيها رابط في الطريق إليه.',
    toSignIn: 'العودة إلى تسجيل الدخول',
    other: 'تسجيل الدخول باسم آخر',
    recoveryUsed: 'استُهلك رمز الاسترداد هذا.',
  },
  setUp: {
    title: 'مرحبًا',
    hint: 'لا يوجد مشغّل بعد. تعرض وحدة التحكم حيث يعمل Gatehouse رمزًا يتيح لك إنشاء المشغّل الأول.',
    token: 'الرمز من وحدة التحكم',
    name: 'اسمك',
    submit: 'إنشاء المشغّل الأول',
  },
}
