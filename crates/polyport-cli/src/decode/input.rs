//! Bytes as people have them at hand: hex in many shapes, or as they are.

mod quoted;
mod array;
mod dump;

use polyport_wire::detect::{Detection, Foreign, detect};

/// The bytes that `content` stands for: hex or a dump of it, or the bytes themselves.
///
/// # Errors
///
/// When it is text, but not hex.
pub(super) fn from_content(content: Vec<u8>) -> Result<Vec<u8>, String> {
    let is_text = |byte: &u8| byte.is_ascii_graphic() || byte.is_ascii_whitespace();
    if !content.iter().all(is_text) {
        return Ok(content);
    }
    // A request of HTTP/1 is text as well.
    if matches!(
        detect(&content),
        Detection::Http2 | Detection::Foreign(Foreign::Http1)
    ) {
        return Ok(content);
    }
    from_hex(&String::from_utf8_lossy(&content))
}

/// The bytes that text stands for: hex with or without blanks, commas, colons, `0x` and `\x`; a
/// dump as `xxd`, `hexdump -C`, `od`, `tcpdump -X` and Wireshark print it; or an array or a text of
/// bytes as it stands in a program.
///
/// # Errors
///
/// When it is something else; the error says where.
pub(super) fn from_hex(text: &str) -> Result<Vec<u8>, String> {
    let literal = quoted::bytes(text)
        .or_else(|| array::in_brackets(text))
        .or_else(|| array::in_braces(text));
    literal.unwrap_or_else(|| dump::bytes(text).map_err(|problem| format!("{problem}; {WANTED}")))
}

const WANTED: &str = "expected the bytes as they are, or in hex, or as `xxd`, `hexdump -C`, \
    `od -tx1`, `tcpdump -X` or Wireshark print them";

#[cfg(test)]
mod tests {
    use super::*;

    const BYTES: &[u8] = b"\0\0\0\x11\x80\x01\0\x01\0\0\0\x04ping\0\0\0\x01\0";

    #[test]
    fn hex_may_look_in_many_ways() {
        for text in [
            "0000001180010001000000047069 6e670000000100",
            "0x0000001180010001 0x0000000470696e6700000001 0x00",
            "00 00 00 11 80 01 00 01 00 00 00 04 70 69 6E 67\n00 00 00 01 00\n",
            "0x00, 0x00, 0x00, 0x11, 0x80, 0x01, 0x00, 0x01, 00000004 70:69:6e:67; 0000000100",
            r"\x00\x00\x00\x11\x80\x01\x00\x01\x00\x00\x00\x04\x70\x69\x6e\x67\x00\x00\x00\x01\x00",
            "# xxd\n00000000: 0000 0011 8001 0001 0000 0004 7069 6e67  ............ping\n\
             00000010: 0000 0001 00                             .....\n",
            "00000000  00 00 00 11 80 01 00 01  00 00 00 04 70 69 6e 67  |............ping|\n\
             00000010  00 00 00 01 00                                    |.....|\n\
             00000015\n",
            "\t0x0000:  0000 0011 8001 0001 0000 0004 7069 6e67  ............ping\n\
             \t0x0010:  0000 0001 00                             .....\n",
            // Wireshark, with text and without; two packets.
            "0000   00 00 00 11 80 01 00 01 00 00 00 04 70 69 6e 67   ............ping\n\
             0010   00 00 00 01 00                                    .....\n",
            "0000   00 00 00 11 80 01 00 01\n\n0000   00 00 00 04 70 69\n0006   6e 67 00 00 00 01 00\n",
            // od -tx1, od -Ax -tx1z
            "0000000 00 00 00 11 80 01 00 01 00 00 00 04 70 69 6e 67\n\
             0000020 00 00 00 01 00\n0000025\n",
            "000000 00 00 00 11 80 01 00 01 00 00 00 04 70 69 6e 67  >............ping<\n\
             000010 00 00 00 01 00                                   >.....<\n000015\n",
            // xxd -i, and Wireshark's array
            "unsigned char a0_bin[] = {\n  0x00, 0x00, 0x00, 0x11, 0x80, 0x01, 0x00, 0x01, 0x00,\n  \
             0x00, 0x00, 0x04, 0x70, 0x69, 0x6e, 0x67, 0x00, 0x00, 0x00, 0x01, 0x00\n};\n\
             unsigned int a0_bin_len = 21;\n",
            "char peer0_0[] = { /* Packet 4 */\n0x00, 0x00, 0x00, 0x11, 0x80, 0x01, 0x00, 0x01 };\n\
             char peer0_1[] = { /* Packet 6 */\n0x0, 0x0, 0x0, 0x4, 0x70, 0x69, 0x6e, 0x67,\n\
             0x00, 0x00, 0x00, 0x01, 0x00 };\n",
            // As programs of Rust, Go and Python print bytes.
            "[0, 0, 0, 17, 128, 1, 0, 1, 0, 0, 0, 4, 112, 105, 110, 103, 0, 0, 0, 1, 0]\n",
            "[0 0 0 17 128 1 0 1 0 0 0 4 112 105 110 103 0 0 0 1 0]",
            "[]byte{0x0, 0x0, 0x0, 0x11, 0x80, 0x1, 0x0, 0x1, 0x0, 0x0, 0x0, 0x4, 0x70, 0x69, 0x6e, \
             0x67, 0x0, 0x0, 0x0, 0x1, 0x0}",
            r#"b"\0\0\0\x11\x80\x01\0\x01\0\0\0\x04ping\0\0\0\x01\0""#,
            r"b'\x00\x00\x00\x11\x80\x01\x00\x01\x00\x00\x00\x04ping\x00\x00\x00\x01\x00'",
        ] {
            assert_eq!(from_hex(text).as_deref(), Ok(BYTES), "{text}");
            assert_eq!(from_content(text.into()).as_deref(), Ok(BYTES), "{text}");
        }
        assert_eq!(from_hex("").as_deref(), Ok(&[][..]));
    }

    #[test]
    fn texts_of_programs_mean_what_they_mean_there() {
        for (text, bytes) in [
            (
                r#""\a\b\v\f\n\r\t\\\"\'""#,
                &b"\x07\x08\x0b\x0c\n\r\t\\\"'"[..],
            ),
            // C, Go, Python and Protobuf's texts.
            (r#""\000\021\200\001\377""#, b"\0\x11\x80\x01\xff"),
            (r#""\0\0x\08""#, b"\0\0x\08"),
            (r"b'\101'", b"A"),
            (r#""it's""#, b"it's"),
            // Texts side by side are one.
            ("\"\\x00\\x11\"\n  \"\\x80\\x01\"\n", b"\0\x11\x80\x01"),
            (r#"b"a"b'"'"#, b"a\""),
            (r#""""#, b""),
        ] {
            assert_eq!(from_hex(text).as_deref(), Ok(bytes), "{text}");
        }
    }

    #[test]
    fn texts_that_may_mean_several_things_are_refused() {
        let check = |text: &str, expected: &str| {
            let problem = from_hex(text).unwrap_err();
            assert!(problem.starts_with(expected), "{text}: {problem}");
        };
        let several = "line 1, column 3: `\\0` with more digits behind it";
        check(r#""a\01""#, several);
        check(r#"b"\012""#, several);
        check("\n\"\\0\\400\"", "line 2, column 4: `\\` must begin one of");
        check(r#""\1""#, "line 1, column 2: `\\` must begin");
        check(r#""\x1""#, "line 1, column 2: `\\` must begin");
        check(r#""a" "b"#, "line 1, column 5: this text has no last quote");
        check(r#""a\"#, "line 1, column 3: `\\` must begin");
        let more = "expected the end, or one more text in quotes";
        check("\"a\"\n;", &format!("line 2, column 1: {more}"));
        check(r#""a"b"#, &format!("line 1, column 4: {more}"));
    }

    #[test]
    fn numbers_of_programs_mean_what_they_mean_there() {
        for text in [
            // Go's `[% x]`, Rust's `{:02x?}` and `{:x?}`, Python's list of `hex`.
            "[00 11 80 ff]",
            "[00, 11, 80, FF]",
            "[0, 11, 80, ff]",
            "[0x0, 0x11, 0x80, 0xff]",
            "[0 17 128 255]",
            "[0x0, 17, 0x80, 255]",
            "{ // Peer 0\n0x00, 17, // 0x12 }\n 128, /* {0x13, */ 0xff }; // {0x14}",
            "a = {/*/ 1 */ 0x00, 17}; // it's {\nb = {128, 255}",
        ] {
            assert_eq!(
                from_hex(text).as_deref(),
                Ok(&b"\0\x11\x80\xff"[..]),
                "{text}"
            );
        }
        assert_eq!(from_hex("[]").as_deref(), Ok(&[][..]));
    }

    #[test]
    fn numbers_that_may_mean_several_things_are_refused() {
        let check = |text: &str, expected: &str| {
            let problem = from_hex(text).unwrap_err();
            assert!(problem.starts_with(expected), "{text}: {problem}");
        };
        check(
            "[11 80 10]",
            "these numbers in brackets may be decimal or hex",
        );
        check(
            "[00 128]",
            "`128` in brackets is no byte in hex, and `00` is no decimal number",
        );
        check("[017, 1]", "`017` in brackets is no byte in hex");
        check("[1, x]", "`x` in brackets is no number from 0 to 255");
        check("[1, +2]", "`+2` in brackets is no number from 0 to 255");
        check(
            "{0x00,\n  256}",
            "line 2, column 3: `256` in braces is no number",
        );
        check(
            "{0x00, 017}",
            "line 1, column 8: `017` in braces is no number",
        );
        check(
            "{0x00, ff}",
            "line 1, column 8: `ff` in braces is no number",
        );
        check(
            "{0x0011}",
            "line 1, column 2: `0x0011` in braces is no number",
        );
        check("{0x+1}", "line 1, column 2: `0x+1` in braces is no number");
    }

    #[test]
    fn text_beside_hex_may_hold_what_parts_them_in_other_dumps() {
        for text in [
            "00000000: 6162 7c63  ab|c\n00000004: 7c0a  |.\n",
            "00000000  61 62 7c 63 7c 0a                                 |ab|c|.|\n00000006\n",
            "00000000  61 62 7c 63                                       |ab|c|\n\
             00000004  7c 0a                                             |: |\n",
        ] {
            assert_eq!(from_hex(text).as_deref(), Ok(&b"ab|c|\n"[..]), "{text}");
        }
    }

    #[test]
    fn bytes_are_taken_as_they_are() {
        for bytes in [BYTES, b"GET / HTTP/1.1\r\n\r\n", b"PRI * HTTP/2.0\r\n\r\n"] {
            assert_eq!(from_content(bytes.to_vec()).as_deref(), Ok(bytes));
        }
    }

    #[test]
    fn what_is_no_hex_is_said_with_its_place() {
        let check = |text: &str, expected: &str| {
            let problem = from_hex(text).unwrap_err();
            assert!(problem.starts_with(expected), "{problem}");
        };
        check("00 0g", "line 1, column 4: `g` is no hex digit");
        check(
            "00\n  123 00",
            "line 2, column 3: `123` is an odd number of hex digits",
        );
        check("0xzz", "line 1, column 3: `z` is no hex digit");
        check(
            "00000000  00 00 |..|\n*\n00000020\n",
            "line 2: `*` stands for lines that were left out; dump them, too, with `hexdump -vC`",
        );
        check(
            "0000000 0000 1100 0180\n0000006\n",
            "line 1: these are numbers of two bytes, whose order depends on the machine",
        );
        check("b\"\\q\"", "line 1, column 3: `\\` must begin one of");
        check(
            "00000000  00 00 |..|\n00000020  00 00 |..|\n",
            "line 2: the lines before it have 0x2 bytes, but it does not start with that offset",
        );
        check("[1, 256]", "`256` in brackets is no number from 0 to 255");
        assert!(from_content(b"hello".to_vec()).is_err());
    }
}
