//! `polyport gen`

use std::process::ExitCode;

use polyport_build::Builder;

use crate::args::GenArgs;
use crate::failure::Failure;

pub(crate) fn run(args: &GenArgs) -> Result<ExitCode, Failure> {
    let mut builder = Builder::new()
        .out_dir(&args.out_dir)
        .combine_service(args.combine_service);
    for directory in &args.include_dirs {
        builder = builder.include_dir(directory);
    }
    if let Some(name) = &args.name {
        builder = builder.name(name);
    }
    let generated = builder.generate(&args.files)?;
    if !generated.warnings.is_empty() {
        crate::show(&generated.warnings);
    }
    let path = builder.write(&generated)?;
    println!("wrote {}", path.display());
    Ok(ExitCode::SUCCESS)
}
