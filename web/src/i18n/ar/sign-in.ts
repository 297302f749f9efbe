// Sign-in and the first start.
import type { signIn as english } from '../en/sign-in.ts'
import type { Words } from '../words.ts'

export const signIn: Words<typeof english> = {
  signIn: {
    title: 'Sign in',
    email: 'E-mail address',
    password: 'Password',
    submit: 'Sign in',
    codeTitle: 'Second factor',
    codeHint: 'The six digits of your authenticator app, or one of your recovery codes.',
    code: 'Code',
    continue: 'Continue',
    changeTitle: 'Choose a new password',
    changeHint: 'Your password was set by somebody else, or is too old.',
    old: 'Password until now',
    new: 'New password',
    again: 'New password, again',
    differ: 'The two are not the same',
    save: 'Save',
    forgotten: 'Password forgotten?',
    forgottenSent: 'If somebody here has this address, a mail with a link is on its way.',
    recoveryUsed: 'That recovery code is used up now.',
  },
  setUp: {
    title: 'Welcome',
    hint: 'There is no operator yet. The console where Gatehouse runs shows a token that lets you make the first one.',
    token: 'Token from the console',
    name: 'Your name',
    submit: 'Make the first operator',
  },
}
