/** Files of a data folder. */
export const DATABASE_FILE = "tollgate.db";
export const SECRET_FILE = "secret";
export const ADMIN_TOKEN_FILE = "admin-token";
