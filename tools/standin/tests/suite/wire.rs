//! The three compressions, and what a handshake may ask for.

use expect_test::expect;

use crate::check;

#[test]
fn zlib_is_one_stream_whose_messages_end_with_a_flush() {
    check(
        "ws a zlib
         a reads 1
         a was binary
         a identify 34337 compress
         a reads 2
         say general alice one
         say general alice two
         a reads 2 content",
        expect![[r#"
            > ws a zlib
            > a reads 1
              {"d":{"heartbeat_interval":41250},"op":10,"s":null,"t":null}
            > a was binary
              yes
            > a identify 34337 compress
            > a reads 2
              1 READY
              2 GUILD_CREATE
            > say general alice one
            > say general alice two
            > a reads 2 content
              3 MESSAGE_CREATE one
              4 MESSAGE_CREATE two
        "#]],
    );
}

/// Small payloads stay text; with a compressed transport the wish is void.
#[test]
fn payloads_are_compressed_each_by_itself_where_they_are_large() {
    check(
        r#"ws a
         a reads 1
         a was binary
         a identify 34337 compress
         a reads 1
         a was binary
         a reads 1 name
         a was binary
         say general alice short
         a reads 1 content
         a was binary
         a gone
         ws b
         b reads 1
         b resume a 1
         b reads 1 name
         b was binary
         ws c zstd
         c reads 1
         c identify 34337 compress
         c reads 2 name"#,
        expect![[r#"
            > ws a
            > a reads 1
              {"d":{"heartbeat_interval":41250},"op":10,"s":null,"t":null}
            > a was binary
              no
            > a identify 34337 compress
            > a reads 1
              1 READY
            > a was binary
              no
            > a reads 1 name
              2 GUILD_CREATE home
            > a was binary
              yes
            > say general alice short
            > a reads 1 content
              3 MESSAGE_CREATE short
            > a was binary
              no
            > a gone
            > ws b
            > b reads 1
              {"d":{"heartbeat_interval":41250},"op":10,"s":null,"t":null}
            > b resume a 1
            > b reads 1 name
              2 GUILD_CREATE home
            > b was binary
              yes
            > ws c zstd
            > c reads 1
              {"d":{"heartbeat_interval":41250},"op":10,"s":null,"t":null}
            > c identify 34337 compress
            > c reads 2 name
              1 READY -
              2 GUILD_CREATE home
        "#]],
    );
}

#[test]
fn a_handshake_that_asks_for_what_is_not_spoken_is_refused() {
    check(
        "ws a compress=brotli
         ws b v=10&encoding=etf
         ws c v=5&encoding=json
         c reads 1
         ws d v=9&encoding=json
         d reads 1",
        expect![[r#"
            > ws a compress=brotli
              HTTP error: 400 Bad Request
            > ws b v=10&encoding=etf
              HTTP error: 400 Bad Request
            > ws c v=5&encoding=json
            > c reads 1
              closed 4012
            > ws d v=9&encoding=json
            > d reads 1
              {"d":{"heartbeat_interval":41250},"op":10,"s":null,"t":null}
        "#]],
    );
}
