/** The names that a schema of this library can have in PostgreSQL. */

/** PostgreSQL cuts longer names, which would mix the tables of two schemas, and reserves some for itself. */
export const isSchemaName = (name: string): boolean =>
  /^[A-Za-z_][A-Za-z0-9_]{0,62}$/.test(name) && !name.startsWith("pg_") && name !== "information_schema"

export const expectedSchemaName =
  "a name of at most 63 letters, digits and underscores, which begins with no digit and with no pg_, and is not information_schema"
