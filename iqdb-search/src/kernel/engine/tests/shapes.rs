//! Names of kernels, and the shapes that they take and refuse.

use iqdb_core::ErrorKind;

use super::*;

#[test]
fn simsimd_gets_as_many_whole_registers_as_there_are() {
    let (a, b) = ([1.0; 200], [2.0; 200]);
    for (register, whole) in [(1, 200), (3, 198), (64, 192), (200, 200), (201, 0)] {
        let (pair, tail) = simsimd::split(&a, &b, register);
        assert_eq!((pair.0.len(), pair.1.len()), (whole, whole), "by {register}");
        assert!(tail.eq(vec![(1.0, 2.0); 200 - whole]), "by {register}");
    }
}

#[test]
fn a_kernel_is_called_by_its_name() {
    for kernel in Kernel::ALL {
        assert_eq!(kernel.to_string().parse::<Kernel>().unwrap(), kernel);
        let runs = Engine::of(kernel).name(false);
        match kernel {
            Kernel::Auto => assert_ne!(runs, "auto"),
            _ if kernel.is_available() => assert_eq!(runs, kernel.as_str()),
            _ => assert_eq!(runs, "portable"),
        }
    }
    assert_eq!(format!("{:>10}", Kernel::Simsimd), "   simsimd");
    assert_eq!("avx".parse::<Kernel>().unwrap_err().kind(), ErrorKind::InvalidQuery);
}

#[test]
fn shapes_that_do_not_fit_are_refused() {
    let refused =
        |call: &dyn Fn()| std::panic::catch_unwind(std::panic::AssertUnwindSafe(call)).is_err();
    let rows = [0.0; 12];
    assert!(refused(&|| drop(Tile::new(&rows, 4, 3, &[0]).vectors())));
    assert!(refused(&|| drop(Tile::new(&rows, 0, 3, &[0]).vectors())));
    assert!(refused(&|| drop(Tile::new(&rows, 3, 3, &[4]).vectors())));
    let tile = Tile::new(&rows, 3, 3, &[0, 3]);
    let wide = |registers| vec![0.0; FloatKernel::first_of(&Isa::ALL).panel_width(registers)];
    for lanes in [FloatKernel::first_of(&Isa::ALL), FloatKernel::first_of(&[])] {
        assert!(refused(&|| lanes.scores(Scores::Dot, &[0.0; 4], &tile, &mut [0.0; 2])));
        assert!(refused(&|| lanes.scores(Scores::Dot, &[0.0; 3], &tile, &mut [0.0; 1])));
        let both = |query: &[f32], dots: &mut [f32], norms: &mut [f32]| {
            lanes.dots_and_squared_norms(query, &tile, dots, norms);
        };
        assert!(refused(&|| both(&[0.0; 2], &mut [0.0; 2], &mut [0.0; 2])));
        assert!(refused(&|| both(&[0.0; 3], &mut [0.0; 2], &mut [0.0; 3])));
        assert!(refused(&|| drop(vec![lanes.keep(&[0.0; 65], &[0.0; 65], 0.0, 0.0)])));
        assert!(refused(&|| drop(vec![lanes.keep(&[0.0; 5], &[0.0; 4], 0.0, 0.0)])));
    }
    let panel = |components: &[f32], width: usize, terms: &[f32]| {
        let (factors, cuts) = (vec![0.0; width], vec![0.0; width]);
        FloatKernel::first_of(&Isa::ALL).panel(
            &Panel::new(components, &factors, &cuts),
            &tile,
            terms,
            &mut vec![],
        );
    };
    let width = wide(1).len();
    panel(&vec![0.0; 3 * width], width, &[0.0; 2]);
    assert!(refused(&|| panel(&vec![0.0; 2 * width], width, &[0.0; 2])));
    assert!(refused(&|| panel(&vec![0.0; 3 * width], width, &[0.0; 3])));
    assert!(refused(&|| panel(&vec![0.0; 12 * width], 4 * width, &[0.0; 2])));
    assert!(refused(&|| panel(&vec![0.0; 3 * (width + 1)], width + 1, &[0.0; 2])));
    assert!(refused(&|| drop(vec![Panel::new(&[0.0; 4], &[0.0; 1], &[0.0; 2])])));
    assert!(refused(&|| drop(vec![Panel::new(&[], &[], &[])])));
}
