// What helps against each reason for which a login is refused: the sentence after the sentence (why.ts), for a support desk.

import type { RejectReason } from './access-decision.ts'

const mends: Record<RejectReason, string> = {
  unknown:
    'correct the username in the router, add the subscriber, or attach the request in the inbox of unmatched requests',
  'realm-refused': 'let the realm in, or take it off the username in the router',
  'ambiguous-identity': 'take the MAC, circuit id or interface off all but one of the subscribers that have it',
  'wrong-password':
    'enter the password in the router anew or reset it; if all logins of this NAS fail, compare its shared secret',
  disabled: 'enable the subscriber',
  blocked: 'remove the cause and unblock the subscriber',
  archived: 'restore the subscriber',
  expired: 'renew the subscriber, or give grace',
  'mac-not-bound': 'bind the new MAC or release the old one; a window for the next MAC can be opened',
  'wrong-interface': 'bind the subscriber to the interface that it came over, or to none',
  'too-many-sessions':
    'disconnect a session that is no longer in use, or raise the limit of the plan or the subscriber',
  'quota-exhausted': 'renew the subscriber, or change to a plan with a greater quota',
  'nas-not-allowed': 'allow the NAS group in the plan, or take the binding to another one off the subscriber',
  'pool-exhausted':
    'give the address pool more ranges, or let the NAS take an address of its own pool when it is exhausted',
  'no-credentials':
    'set the NAS to send a password (PAP, CHAP or MS-CHAPv2), or make the subscriber one that is told by its line',
  'several-credentials': 'set the NAS to one method of authentication',
  'eap-not-supported': 'set the NAS to PAP, CHAP or MS-CHAPv2',
  'mschapv1-off': 'set the NAS to MS-CHAPv2; switching version 1 on makes passwords easy to break',
  'credential-cannot':
    'reset the password, so that it is kept in a form that this method can prove, or change the method on the NAS',
  'bad-credentials-form': 'look at what the NAS sends: another server or proxy on the way may have changed it',
}

/** What helps; undefined where nothing is wrong, or where another server decided. */
export function reasonMend(reason: string): string | undefined {
  return Object.hasOwn(mends, reason) ? mends[reason as RejectReason] : undefined
}
