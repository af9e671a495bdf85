/** Which audit records are asked for. */
export interface AuditFilter {
  /** Null = every account (operators only). */
  accountId: string | null;
  keyId?: string;
  model?: string;
  provider?: string;
  status?: number;
  streamState?: string;
  requestId?: string;
  /** ms since the epoch, inclusive. */
  from?: number;
  /** ms since the epoch, exclusive. */
  to?: number;
}
