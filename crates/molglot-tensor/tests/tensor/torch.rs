//! PyTorch's own files: what `fixtures/torch/make.py` saved, and files that someone might make to do harm.

use std::path::{Path, PathBuf};

use molglot_tensor::{
    Backend, Init,
    nn::LinearConfig,
    weights::{TorchError, Weights, WeightsError, same_names},
};

fn fixture(name: &str) -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/torch");
    root.join(name)
}

fn refusal(bytes: Vec<u8>) -> TorchError {
    match Weights::from_bytes(Path::new("made.pt"), bytes) {
        Err(WeightsError::Torch { source, .. }) => source,
        other => panic!("it was read, or refused for another reason: {other:?}"),
    }
}

#[test]
fn a_state_dict_reads_as_the_same_tensors_in_safetensors() {
    for (name, count) in [("model", 7), ("checkpoint", 19)] {
        let read = Weights::read(&fixture(&format!("{name}.pt"))).unwrap();
        let wanted = Weights::read(&fixture(&format!("{name}.safetensors"))).unwrap();
        let names: Vec<&str> = read.names().collect();
        assert_eq!(names, wanted.names().collect::<Vec<_>>(), "{name}");
        assert_eq!(names.len(), count, "{name}");
        for tensor in names {
            assert_eq!(read.shape(tensor), wanted.shape(tensor), "{name}: {tensor}");
            assert_eq!(read.get(tensor), wanted.get(tensor), "{name}: {tensor}");
        }
    }
}

#[test]
fn a_model_loads_a_state_dict() {
    let blank = LinearConfig::new(3, 2).init(&mut Init::new(0, &Backend::Flex.open().unwrap()));
    let weights = Weights::read(&fixture("model.pt")).unwrap();
    let (_, wanted) = weights.get("linear.weight").unwrap();
    let rename = |path: &str| format!("linear.{path}");
    let linear = weights
        .without(|name| name.starts_with("norm."))
        .load_into(blank, &rename)
        .unwrap();
    let loaded: Vec<f32> = linear.weight.val().into_data().try_to_vec().unwrap();
    assert_eq!(loaded, wanted);
}

#[test]
fn whole_numbers_are_no_weights() {
    let blank = LinearConfig::new(3, 2).init(&mut Init::new(0, &Backend::Flex.open().unwrap()));
    let weights = Weights::read(&fixture("model.pt")).unwrap();
    assert!(weights.get("norm.num_batches_tracked").is_none());
    let error = weights.load_into(blank, &same_names).unwrap_err();
    let report = error.to_string();
    assert!(report.contains("missing     weight"), "{report}");
    assert!(
        report.contains("unexpected  norm.num_batches_tracked"),
        "{report}"
    );
}

#[test]
fn what_is_no_state_dict_is_refused_with_a_remedy() {
    for (name, reason) in [
        ("refused_command.pt", "it asks to import posix.system"),
        (
            "refused_module.pt",
            "it asks to import torch.nn.modules.linear.Linear",
        ),
        ("refused_legacy.pt", "as PyTorch before 1.6 wrote it"),
        ("refused_empty.pt", "it holds no state dict"),
    ] {
        let error = Weights::read(&fixture(name)).unwrap_err().to_string();
        assert!(error.contains(reason), "{error}");
        assert!(
            error.contains("torch.save(model.state_dict(), path)"),
            "{error}"
        );
        assert!(error.contains(name), "{error}");
    }
}

/// An archive of stored entries.
fn archive(entries: &[(&str, &[u8])]) -> Vec<u8> {
    let (mut bytes, mut directory) = (Vec::new(), Vec::new());
    for (name, content) in entries {
        let (name, size) = (format!("archive/{name}"), content.len() as u32);
        let sizes = [[0; 4], size.to_le_bytes(), size.to_le_bytes()].concat();
        let names = [name.len() as u8, 0, 0, 0];
        directory.extend(b"PK\x01\x02\x14\0\x14\0\0\0\0\0\0\0\0\0");
        directory.extend([&sizes[..], &names, &[0; 10]].concat());
        directory.extend((bytes.len() as u32).to_le_bytes());
        directory.extend(name.as_bytes());
        bytes.extend(b"PK\x03\x04\x14\0\0\0\0\0\0\0\0\0");
        bytes.extend([&sizes[..], &names, name.as_bytes(), content].concat());
    }
    let start = bytes.len() as u32;
    bytes.extend(&directory);
    bytes.extend(b"PK\x05\x06\0\0\0\0");
    let count = (entries.len() as u16).to_le_bytes();
    bytes.extend([count, count].concat());
    bytes.extend([(directory.len() as u32).to_le_bytes(), start.to_le_bytes()].concat());
    bytes.extend([0, 0]);
    bytes
}

/// A pickle of `{"w": tensor}` with these sizes and strides, over a storage of so many floats.
fn program(count: i32, offset: i32, shape: &[i32], strides: &[i32]) -> Vec<u8> {
    let number = |value: i32| [&b"J"[..], &value.to_le_bytes()].concat();
    let tuple = |values: &[i32]| {
        let values: Vec<u8> = values.iter().flat_map(|&value| number(value)).collect();
        [&b"("[..], &values, b"t"].concat()
    };
    [
        &b"\x80\x02}X\x01\0\0\0wctorch._utils\n_rebuild_tensor_v2\n("[..],
        b"(X\x07\0\0\0storagectorch\nFloatStorage\nX\x01\0\0\x000X\x03\0\0\0cpu",
        &number(count),
        b"tQ",
        &number(offset),
        &tuple(shape),
        &tuple(strides),
        b"\x89}tRs.",
    ]
    .concat()
}

fn file(program: &[u8]) -> Vec<u8> {
    archive(&[("data.pkl", program), ("data/0", &[0; 24])])
}

#[test]
fn a_tensor_stays_inside_its_storage() {
    let read = |program: &[u8]| Weights::from_bytes(Path::new("made.pt"), file(program));
    let good = read(&program(6, 0, &[2, 3], &[3, 1])).unwrap();
    assert_eq!(good.get("w").unwrap().1, [0.0; 6]);
    assert_eq!(
        read(&program(6, 6, &[0], &[1])).unwrap().shape("w"),
        Some(&[0][..])
    );
    for (bad, reason) in [
        (program(6, 1, &[2, 3], &[3, 1]), "lies outside of data/0"),
        (program(6, 0, &[2, 3], &[4, 1]), "lies outside of data/0"),
        (program(6, 7, &[0], &[1]), "lies outside of data/0"),
        (
            program(7, 0, &[2], &[1]),
            "data/0 has 24 bytes for 7 numbers of 4",
        ),
        (
            program(6, 0, &[i32::MAX; 4], &[i32::MAX; 4]),
            "beyond all bounds",
        ),
        (program(6, -1, &[2], &[1]), "a size is negative"),
        (program(6, 0, &[2], &[1, 1]), "more sizes than strides"),
        (program(6, 0, &[1; 33], &[1; 33]), "too many axes"),
        (program(6, 0, &[1 << 30], &[0]), "not stored row by row"),
    ] {
        let error = refusal(file(&bad)).to_string();
        assert!(error.contains(reason), "{error} is not: {reason}");
    }
    let error = refusal(archive(&[("data.pkl", &program(6, 0, &[6], &[1]))]));
    assert!(error.to_string().contains("the file has no data/0"));
}

#[test]
fn nothing_is_called_but_by_its_own_arguments() {
    let pickles: [(&[u8], &str); 12] = [
        (
            b"\x80\x02cbuiltins\neval\nX\x01\0\0\0x\x85R.",
            "builtins.eval",
        ),
        (b"\x80\x04\x8c\x02os\x8c\x06system\x93.", "os.system"),
        (b"\x80\x02ctorch\nload\n)R.", "torch.load"),
        (
            b"\x80\x02cnumpy.core.multiarray\nscalar\n.",
            "numpy.core.multiarray.scalar",
        ),
        // INST, OBJ, NEWOBJ and the registry of extensions call without REDUCE.
        (b"(ios\nsystem\n.", "0x69"),
        (b"(o.", "0x6f"),
        (b"\x80\x02)\x81.", "0x81"),
        (b"\x80\x02\x82\x01.", "0x82"),
        (
            b"\x80\x02ctorch\nFloatStorage\n)R.",
            "other arguments than its own",
        ),
        (b"\x80\x02X\x01\0\0\0x)R.", "no function"),
        // An object that is no dict has no attributes to set.
        (b"\x80\x02]}b.", "no dict"),
        (b"\x80\x02(Qt.", "damaged"),
    ];
    for (pickle, reason) in pickles {
        let error = refusal(file(pickle)).to_string();
        assert!(error.contains(reason), "{error} is not: {reason}");
    }
}

#[test]
fn a_small_file_does_not_become_a_large_one() {
    // Dicts that hold the next one a thousand times over.
    let mut nested = b"\x80\x02}q\x00".to_vec();
    for level in 0..7u8 {
        nested.extend(b"}q");
        nested.push(level + 1);
        nested.push(b'(');
        for key in 0..1000u16 {
            nested.push(b'M');
            nested.extend(key.to_le_bytes());
            nested.extend([b'h', level]);
        }
        nested.push(b'u');
    }
    nested.push(b'.');
    let deep = [&b"}"[..], &b"K\x00}".repeat(9), &b"s".repeat(9), b"."].concat();
    let long = [&b"}X\x01\x04\0\0"[..], &[b'x'; 1025], b"Ns."].concat();
    let tall = [&b"N".repeat((1 << 20) + 1)[..], b"."].concat();
    let many = [&b")".repeat(1 << 19)[..], b"."].concat();
    let marks = [&b"(".repeat((1 << 20) + 1)[..], b"."].concat();
    let objects = [&b"}a".repeat((1 << 20) + 1)[..], b"."].concat();
    let objects = [&b"]"[..], &objects].concat();
    for (pickle, what) in [
        (&nested, "values by name"),
        (&deep, "dicts within dicts"),
        (&long, "letters in a name"),
        (&tall, "values on the stack"),
        (&marks, "values on the stack"),
        (&objects, "objects"),
        (&vec![b'N'; (1 << 24) + 1], "bytes of pickle"),
    ] {
        match refusal(file(pickle)) {
            TorchError::Limit { what: found, .. } => assert!(found.starts_with(what), "{found}"),
            other => panic!("{other}, not {what}"),
        }
    }
    assert!(matches!(refusal(file(&many)), TorchError::NoStateDict));
}

/// The same archive with every size and place in the larger records, as PyTorch writes files beyond 4 GiB.
fn widened(small: &[u8]) -> Vec<u8> {
    let (body, end) = small.split_at(small.len() - 22);
    let field = |bytes: &[u8], at: usize| u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap());
    let start = field(end, 16) as usize;
    let mut wide = body[..start].to_vec();
    let mut rest = &body[start..];
    let mut count = 0u64;
    while !rest.is_empty() {
        let (header, name) = rest.split_at(46);
        let (name, next) = name.split_at(header[28].into());
        let mut header = header.to_vec();
        let fields = [24, 20, 42].map(|at| u64::from(field(&header, at)).to_le_bytes());
        for at in [20, 24, 42] {
            header[at..at + 4].fill(0xff);
        }
        // Another extra field comes first.
        header[30] = 5 + 4 + 24;
        wide.extend(
            [
                &header,
                name,
                b"\xab\xcd\x01\0x\x01\0\x18\0",
                &fields.concat(),
            ]
            .concat(),
        );
        rest = next;
        count += 1;
    }
    let record = wide.len() as u64;
    wide.extend(b"PK\x06\x06\x2c\0\0\0\0\0\0\0\x2d\0\x2d\0\0\0\0\0\0\0\0\0");
    for number in [count, count, record - start as u64, start as u64] {
        wide.extend(number.to_le_bytes());
    }
    wide.extend(b"PK\x06\x07\0\0\0\0");
    wide.extend(record.to_le_bytes());
    wide.extend(
        b"\x01\0\0\0PK\x05\x06\0\0\0\0\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\0\0",
    );
    wide
}

#[test]
fn archives_beyond_32_bits_are_read() {
    let made = widened(&file(&program(6, 0, &[2, 3], &[3, 1])));
    let read = Weights::from_bytes(Path::new("made.pt"), made.clone()).unwrap();
    assert_eq!(read.get("w").unwrap().1, [0.0; 6]);
    let record = made
        .windows(4)
        .position(|bytes| bytes == b"PK\x06\x06")
        .unwrap();
    let mut far = made.clone();
    far[record + 48..record + 56].fill(0xff);
    assert!(refusal(far).to_string().contains("lies outside of it"));
    let mut many = made;
    many[record + 32..record + 40].fill(0xff);
    assert!(matches!(
        refusal(many),
        TorchError::Limit {
            what: "entries",
            ..
        }
    ));
}

#[test]
fn an_archive_is_what_its_directory_says() {
    let good = file(&program(6, 0, &[6], &[1]));
    let name = Path::new("made.pt");
    assert!(Weights::from_bytes(name, good.clone()).is_ok());
    for cut in 4..good.len() {
        refusal(good[..cut].to_vec());
    }
    let entry = good
        .windows(4)
        .position(|bytes| bytes == b"PK\x01\x02")
        .unwrap();
    let mut deflated = good.clone();
    deflated[entry + 10] = 8;
    assert!(
        refusal(deflated)
            .to_string()
            .contains("compressed or encrypted")
    );
    let mut encrypted = good.clone();
    encrypted[entry + 8] = 1;
    assert!(
        refusal(encrypted)
            .to_string()
            .contains("compressed or encrypted")
    );
    let program = program(6, 0, &[6], &[1]);
    let twice = archive(&[
        ("data.pkl", &program),
        ("data/0", &[0; 24]),
        ("data/0", &[1; 24]),
    ]);
    assert!(
        refusal(twice)
            .to_string()
            .contains("two entries have one name")
    );
    let big = archive(&[
        ("data.pkl", &program),
        ("data/0", &[0; 24]),
        ("byteorder", b"big"),
    ]);
    assert!(refusal(big).to_string().contains("big-endian"));
    let without = archive(&[("data/0", &[0; 24])]);
    assert!(refusal(without).to_string().contains("no data.pkl"));
    let mut many = good.clone();
    let end = many.len() - 22;
    many[end + 8..end + 12].fill(0xff);
    assert!(
        refusal(many)
            .to_string()
            .contains("its directory is damaged")
    );
}

/// xorshift64*; the same numbers in every run.
struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) as usize % end
    }
}

/// Any bytes are read or refused: no panic, no hang. `MOLGLOT_FUZZ` sets how many are tried.
#[test]
fn damaged_files_are_read_or_refused() {
    const CODES: &[u8] = b"\x80.(tR}]asuebQcqhjrXKMJNG\x85\x86\x87\x88\x93\x94\x8a\x8c\x8d\0\xff";
    let tries: usize = std::env::var("MOLGLOT_FUZZ")
        .ok()
        .and_then(|count| count.parse().ok())
        .unwrap_or(20_000);
    let seeds = ["model.pt", "checkpoint.pt", "refused_command.pt"].map(fixture);
    let seeds = seeds.map(|path| std::fs::read(path).unwrap());
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    let (mut read, mut refused) = (0, 0);
    for _ in 0..tries {
        let mut bytes = seeds[random.below(seeds.len())].clone();
        for _ in 0..=random.below(6) {
            let at = random.below(bytes.len());
            match random.below(6) {
                0 => bytes[at] = random.below(256) as u8,
                1 => bytes[at] ^= 1 << random.below(8),
                // Pickles come first: most instructions are there.
                2 | 3 => {
                    let at = at.min(64 + random.below(1500)).min(bytes.len() - 1);
                    bytes[at] = CODES[random.below(CODES.len())];
                }
                4 => {
                    let from = random.below(bytes.len());
                    let length = random.below(40).min(bytes.len() - from.max(at));
                    bytes.copy_within(from..from + length, at);
                }
                _ if random.below(8) == 0 => bytes.truncate(at.max(4)),
                _ => {
                    let end = (at + 4).min(bytes.len());
                    bytes[at..end].fill(0xff);
                }
            }
        }
        match Weights::from_bytes(Path::new("damaged.pt"), bytes) {
            Ok(weights) => {
                read += 1;
                let names: Vec<String> = weights.names().map(str::to_owned).collect();
                for name in names {
                    let count: usize = weights.shape(&name).unwrap().iter().product();
                    if let Some((_, values)) = weights.get(&name) {
                        assert_eq!(values.len(), count, "{name}");
                    }
                }
            }
            Err(error) => {
                refused += 1;
                assert!(!error.to_string().is_empty());
            }
        }
    }
    eprintln!("{tries} damaged files: {read} read, {refused} refused");
    assert_eq!(read + refused, tries);
    assert!(
        read > tries / 20 && refused > tries / 4,
        "{read}, {refused}"
    );
}
