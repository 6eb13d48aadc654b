/** How the version of a client is written in the characters after its code. */
export type VersionStyle =
  /** "1234" → 1.2.3.4, a digit or letter (A = 10) each; trailing zeros beyond the second number go. */
  | 'dotted'
  /** As `dotted`, of four numbers always. */
  | 'dotted4'
  /** As `dotted`, of the first three. */
  | 'dotted3'
  /** "0234" → 2.34. */
  | 'pairs'
  /** "3000" or "400Z" → 3.00, 4.0.0+; see `transmission` in `peer-id.ts`. */
  | 'transmission'
  /** "0198" → 1.98, "0300" → 3.0: two numbers of two digits. */
  | 'web'
  | 'none'

/** A client: its name, and how it writes its version. */
export type ClientCode = readonly [name: string, style: VersionStyle]

/**
 * Two-character codes of ids like `-XX1234-` (BEP 20, "Azureus style", and the ids that clients in use send).
 */
export const azureusCodes: ReadonlyMap<string, ClientCode> = new Map<string, ClientCode>([
  ['7T', ['aTorrent', 'dotted']],
  ['AB', ['AnyEvent::BitTorrent', 'dotted']],
  ['AG', ['Ares', 'dotted']],
  ['AR', ['Arctic', 'dotted']],
  ['AT', ['Artemis', 'dotted']],
  ['AV', ['Avicora', 'dotted']],
  ['AX', ['BitPump', 'pairs']],
  ['AZ', ['Vuze', 'dotted4']],
  ['A~', ['Ares', 'dotted3']],
  ['BB', ['BitBuddy', 'dotted']],
  ['BC', ['BitComet', 'pairs']],
  ['BE', ['Baretorrent', 'dotted']],
  ['BF', ['Bitflu', 'none']],
  ['BG', ['BTG', 'dotted']],
  ['BH', ['BitZilla', 'dotted']],
  ['BI', ['BiglyBT', 'dotted4']],
  // BitLord sent this code too, long ago.
  ['BL', ['Bitloom', 'dotted3']],
  ['BM', ['BitMagnet', 'dotted']],
  ['BN', ['Baidu Netdisk', 'none']],
  ['BP', ['BitTorrent Pro', 'dotted']],
  ['BR', ['BitRocket', 'dotted']],
  ['BS', ['BTSlave', 'dotted']],
  ['BT', ['BitTorrent', 'dotted3']],
  ['BW', ['BitWombat', 'dotted']],
  ['BX', ['BittorrentX', 'dotted']],
  ['CD', ['Enhanced CTorrent', 'pairs']],
  ['CT', ['CTorrent', 'dotted']],
  ['DE', ['Deluge', 'dotted3']],
  ['DP', ['Propagate Data Client', 'dotted']],
  ['EB', ['EBit', 'dotted']],
  ['ES', ['Electric Sheep', 'dotted3']],
  ['FC', ['FileCroc', 'dotted']],
  ['FD', ['Free Download Manager', 'dotted3']],
  ['FG', ['FlashGet', 'pairs']],
  ['FL', ['Folx', 'none']],
  ['FT', ['FoxTorrent', 'dotted']],
  ['FW', ['FrostWire', 'dotted3']],
  ['FX', ['Freebox BitTorrent', 'dotted']],
  ['GR', ['GetRight', 'dotted']],
  ['GS', ['GSTorrent', 'dotted']],
  ['GT', ['go.torrent', 'dotted']],
  ['HK', ['Hekate', 'dotted']],
  ['HL', ['Halite', 'dotted3']],
  ['HN', ['Hydranode', 'dotted']],
  ['JT', ['JavaTorrent', 'dotted']],
  ['KG', ['KGet', 'dotted']],
  ['KT', ['KTorrent', 'dotted3']],
  ['LC', ['LeechCraft', 'dotted']],
  ['LH', ['LH-ABC', 'dotted']],
  ['LP', ['Lphant', 'pairs']],
  ['LT', ['libtorrent', 'dotted4']],
  ['LW', ['LimeWire', 'none']],
  ['MG', ['MediaGet', 'dotted']],
  ['MK', ['Meerkat', 'dotted']],
  ['MO', ['MonoTorrent', 'dotted']],
  ['MP', ['MooPolice', 'dotted3']],
  ['MR', ['Miro', 'dotted']],
  ['MT', ['MoonlightTorrent', 'dotted']],
  ['NE', ['BT Next Evolution', 'dotted']],
  ['NX', ['Net Transport', 'dotted']],
  ['OS', ['OneSwarm', 'dotted']],
  ['OT', ['OmegaTorrent', 'dotted']],
  ['PD', ['Pando', 'dotted']],
  ['PI', ['PicoTorrent', 'dotted']],
  ['QD', ['QQDownload', 'dotted']],
  ['QT', ['Qt 4 Torrent example', 'dotted']],
  ['RS', ['Rufus', 'dotted']],
  ['RT', ['Retriever', 'dotted']],
  ['RZ', ['RezTorrent', 'dotted']],
  ['SB', ['Swiftbit', 'dotted']],
  ['SD', ['Thunder', 'dotted']],
  ['SM', ['SoMud', 'dotted']],
  ['SP', ['BitSpirit', 'dotted3']],
  ['SS', ['SwarmScope', 'dotted']],
  ['ST', ['SymTorrent', 'dotted']],
  ['SZ', ['Shareaza', 'dotted']],
  ['S~', ['Shareaza', 'dotted']],
  ['TB', ['Torch', 'dotted']],
  ['TN', ['TorrentDotNET', 'dotted']],
  ['TR', ['Transmission', 'transmission']],
  ['TS', ['Torrentstorm', 'dotted']],
  ['TT', ['TuoTu', 'dotted']],
  ['TX', ['Tixati', 'dotted']],
  ['UE', ['µTorrent Embedded', 'dotted3']],
  ['UL', ['uLeecher!', 'dotted']],
  ['UM', ['µTorrent for Mac', 'dotted3']],
  ['UT', ['µTorrent', 'dotted3']],
  ['UW', ['µTorrent Web', 'dotted3']],
  ['VG', ['Vagaa', 'dotted']],
  ['WD', ['WebTorrent Desktop', 'web']],
  ['WT', ['BitLet', 'dotted']],
  ['WW', ['WebTorrent', 'web']],
  ['WY', ['FireTorrent', 'dotted']],
  ['XC', ['Xtorrent', 'dotted']],
  ['XF', ['Xfplay', 'dotted3']],
  ['XL', ['Xunlei', 'dotted']],
  ['XS', ['XSwifter', 'dotted']],
  ['XT', ['XanTorrent', 'dotted']],
  ['XX', ['Xtorrent', 'dotted']],
  ['ZO', ['Zona', 'dotted']],
  ['ZT', ['ZipTorrent', 'dotted']],
  ['lt', ['libTorrent (rTorrent)', 'dotted3']],
  ['pb', ['pbTorrent', 'dotted3']],
  ['qB', ['qBittorrent', 'dotted3']],
  ['st', ['SharkTorrent', 'dotted']],
  ['tT', ['tTorrent', 'dotted']],
])

/** First characters of ids like `T03A0-----` (BEP 20, "Shadow's style"). */
export const shadowCodes: ReadonlyMap<string, string> = new Map([
  ['A', 'ABC'],
  ['O', 'Osprey Permaseed'],
  ['Q', 'BTQueue'],
  ['R', 'Tribler'],
  ['S', "Shadow's client"],
  ['T', 'BitTornado'],
  ['U', 'UPnP NAT Bit Torrent'],
])
