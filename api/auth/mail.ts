/** How accounts reach people; the mail gateway is one, a test's array another. */
export interface AuthMail {
  sendMail(mail: {
    readonly to: string;
    readonly subject: string;
    readonly text: string;
    readonly messageId: string;
  }): Promise<void>;
}
