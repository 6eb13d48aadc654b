/** The version of this core, as peers and trackers are told. A test holds it against package.json. */
export const version = '0.1.0'
