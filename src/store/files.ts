/** Files of a data folder. */
export const DATABASE_FILE = "tollgate.db";
export const SECRET_FILE = "secret";
export const ADMIN_TOKEN_FILE = "admin-token";
/** Space put aside for the day the disk is full. */
export const RESERVE_FILE = "reserve";
