import type { MailGateway } from '../../activities/gateways/mail.ts';

/** How accounts reach people. */
export type AuthMail = Pick<MailGateway, 'sendMail'>;
