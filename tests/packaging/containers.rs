//! The container file and the compose files, held against the program: a line of each says what the others rely on.

use crate::read;

fn says(text: &str, line: &str) {
    assert!(text.lines().any(|other| other.trim() == line), "no line `{line}` in:\n{text}");
}

#[test]
fn the_container_file_builds_and_starts_what_there_is() {
    let file = read("Containerfile");
    let manifest = read("Cargo.toml");
    assert!(manifest.contains("[package]\nname = \"mirror\"\n"));
    says(&file, "RUN cargo build --release --locked --package mirror");
    says(&file, "COPY --from=build /build/target/release/mirror /usr/local/bin/mirror");
    says(&file, "ENTRYPOINT [\"mirror\"]");
    says(&file, "CMD [\"run\"]");
    says(&file, "USER mirror");
    says(&file, "ENV MIRROR_DATA_DIR=/var/lib/mirror");
    says(&file, "VOLUME /var/lib/mirror");
    let rust =
        manifest.lines().find_map(|line| line.strip_prefix("rust-version = ")).unwrap().trim_matches('"');
    assert!(
        file.contains(&format!("/rust:{rust}-")),
        "the image's compiler is the one that the manifest asks for"
    );
    // The image's C library must not be older than the one that the binary was built against.
    let releases: Vec<_> = file.lines().filter(|line| line.starts_with("FROM ")).collect();
    assert!(releases.iter().all(|line| line.contains("bookworm")), "{releases:?}");
    // Whatever is copied into the build is not data or a secret.
    let ignored = read(".dockerignore");
    for kept_out in ["target", ".git", "mirror-data", "*.token"] {
        says(&ignored, kept_out);
    }
}

#[test]
fn the_embedded_node_alone() {
    let (compose, file) = (read("ops/compose.embedded.yaml"), read("Containerfile"));
    says(&compose, "build: { context: .., dockerfile: Containerfile }");
    says(&compose, "volumes: [data:/var/lib/mirror]");
    says(&compose, "secrets: [token]");
    says(&compose, "MIRROR_DISCORD_TOKEN_FILE: /run/secrets/token");
    says(&compose, "stop_grace_period: 20s");
    // Files of the host are given to the user of the image by number.
    let user = file.split("--uid ").nth(1).and_then(|rest| rest.split_whitespace().next()).unwrap();
    assert!(compose.contains(&format!("install -o {user} -m 0600")), "{user}");
    assert!(!compose.contains("MIRROR_DISCORD_TOKEN:"), "a variable would be shown by `docker inspect`");
    // Names that only the configuration can know.
    for (text, name) in [(&compose, "discord.token_file"), (&file, "data_dir")] {
        let variable = format!("MIRROR_{}", name.replace('.', "_").to_uppercase());
        assert!(
            mirror::config::KEYS.iter().any(|(key, _)| *key == name) && text.contains(&variable),
            "{name}"
        );
    }
}
