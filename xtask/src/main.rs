//! Skeleton.
fn main() { let mut b = wasm_bindgen_cli_support::Bindgen::new(); b.input_path("/tmp/h.wasm").web(true).unwrap().typescript(false).out_name("runmark").generate("/tmp/bg").unwrap();
 let d = std::fs::read("/work/main/target/debug/xtask").or_else(|_| std::fs::read("/tmp/tx/debug/xtask")).unwrap(); let d=&d[..1_500_000.min(d.len())]; let t=std::time::Instant::now();
 for q in [9,11]{ let mut out=vec![]; let p=brotli::enc::BrotliEncoderParams{quality:q,lgwin:22,size_hint:d.len(),..Default::default()}; brotli::BrotliCompress(&mut &d[..],&mut out,&p).unwrap(); println!("{} {:?}",out.len(),t.elapsed());}
}
