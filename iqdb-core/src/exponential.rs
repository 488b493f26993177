//! The exponential function, the same to the last bit on every machine.
//!
//! The standard library asks the platform for it, and platforms differ in the last bit. This one uses only
//! what IEEE 754 rounds exactly: sums, products, quotients and whole numbers of `f64`, in a written order.

/// `ln 2` as a number of few bits, whose products with exponents are exact, and the rest of it.
const LN_2_HIGH: f64 = 0.693_147_180_369_123_8;
const LN_2_LOW: f64 = 1.908_214_929_270_587_7e-10;

/// How many terms of the series are summed behind the 1: the next one is below 2^-62.
const TERMS: u32 = 14;

/// The least and the greatest argument whose result is a normal number, as integers.
const LEAST: f64 = -708.0;
const GREATEST: f64 = 709.0;

/// `e` to the power of `x`, within two units in the last place, for `x` from −708 to 709. It is 0 below and
/// infinite above, and NaN for NaN.
///
/// With `x = n · ln 2 + r`, `n` an integer and `r` from −½ ln 2 to ½ ln 2, it is `2^n · e^r`, and `e^r` is
/// `1 + r (1 + r/2 (1 + r/3 (…)))`, computed from the inside. The product with `2^n` is exact. `r` is rounded
/// once to at most 2^-55, the last product and the last sum once each to at most 2^-55 and 2^-54, and what is
/// multiplied with `r` has an error of at most 2^-53: 1.4 units of the last place of a result just below 1,
/// where a unit is 2^-53, and less elsewhere.
#[must_use]
pub fn exp(x: f64) -> f64 {
    if x < LEAST {
        return 0.0;
    }
    if x > GREATEST {
        return f64::INFINITY;
    }
    let n = (x * std::f64::consts::LOG2_E).round();
    let r = (x - n * LN_2_HIGH) - n * LN_2_LOW;
    let mut sum = 1.0;
    for term in (2..=TERMS).rev() {
        sum = 1.0 + r / f64::from(term) * sum;
    }
    (1.0 + r * sum) * power_of_two(n)
}

/// `2^n` for an integer from −1022 to 1023: the bits of 2^52 + 1023 + n end with its exponent.
fn power_of_two(n: f64) -> f64 {
    const TWO_52: f64 = 4_503_599_627_370_496.0;
    f64::from_bits((TWO_52 + (1_023.0 + n)).to_bits() << 52)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The bits of arguments, and those of the results, rounded to nearest from 80 digits: as Python's
    /// `float(Decimal(x).exp())` with `getcontext().prec = 80`.
    const EXACT: [(u64, u64); 64] = [
        (0x0000_0000_0000_0000, 0x3ff0_0000_0000_0000),
        (0x8000_0000_0000_0000, 0x3ff0_0000_0000_0000),
        (0x3ff0_0000_0000_0000, 0x4005_bf0a_8b14_5769),
        (0xbff0_0000_0000_0000, 0x3fd7_8b56_362c_ef38),
        (0x3fe0_0000_0000_0000, 0x3ffa_6129_8e1e_069c),
        (0xbfe0_0000_0000_0000, 0x3fe3_68b2_fc6f_960a),
        (0x4000_0000_0000_0000, 0x401d_8e64_b8d4_ddae),
        (0x4024_0000_0000_0000, 0x40d5_829d_cf95_0560),
        (0xc024_0000_0000_0000, 0x3f07_cd79_b564_7c9b),
        (0x3fe6_2e42_fefa_39ef, 0x4000_0000_0000_0000),
        (0xbfe6_2e42_fefa_39ef, 0x3fe0_0000_0000_0000),
        (0x3fd6_2e42_fefa_39ef, 0x3ff6_a09e_667f_3bcc),
        (0xbfd6_2e42_fefa_39ef, 0x3fe6_a09e_667f_3bcd),
        (0x3fd6_2e42_fefa_39f0, 0x3ff6_a09e_667f_3bcd),
        (0xbfd6_2e42_fefa_39f0, 0x3fe6_a09e_667f_3bcc),
        (0x01a5_6e1f_c2f8_f359, 0x3ff0_0000_0000_0000),
        (0x81a5_6e1f_c2f8_f359, 0x3ff0_0000_0000_0000),
        (0x3ca0_0000_0000_0000, 0x3ff0_0000_0000_0001),
        (0xbca0_0000_0000_0000, 0x3fef_ffff_ffff_ffff),
        (0xbc90_0000_0000_0000, 0x3ff0_0000_0000_0000),
        (0x4086_2800_0000_0000, 0x7fdd_422d_2be5_dc9b),
        (0xc086_2000_0000_0000, 0x0017_c8ab_2288_c9ab),
        (0x4086_27fd_f3b6_45a2, 0x7fdd_3ab0_a50c_e1d3),
        (0xc086_1ffd_f3b6_45a2, 0x0017_cec2_9d17_c5d6),
        (0x4059_0000_0000_0000, 0x48f3_494a_9b17_1bf5),
        (0xc059_0000_0000_0000, 0x36ea_8c1f_14e2_af5d),
        (0x4009_21fb_5444_2d18, 0x4037_2404_6eb0_9339),
        (0xc005_bf0a_8b14_5769, 0x3fb0_e497_87e2_0548),
        (0xc06f_2420_8a5f_7fca, 0x2977_f715_53f4_8c96),
        (0x3fd5_3198_41db_2088, 0x3ff6_47f9_083c_b245),
        (0xc079_3c5c_e359_bcc0, 0x1b86_4d8b_9c8a_1a5b),
        (0xc082_1bad_6245_2a82, 0x0bb0_2ee3_faed_2731),
        (0x4083_d44a_30ce_5462, 0x7925_bd63_260e_c910),
        (0x405b_704f_ec9d_b290, 0x49d4_4aad_72df_8054),
        (0xbfd4_b34d_bb62_4330, 0x3fe7_2829_8355_15d2),
        (0xc080_e8b5_0a59_03eb, 0x0f24_bdd5_14d6_87d4),
        (0xc081_8fc2_ac70_df61, 0x0d43_023a_1035_ad44),
        (0x4051_09d9_a090_7cd0, 0x4614_0bff_8c7c_f3ed),
        (0xc032_bb2f_46dc_ae8f, 0x3e3f_7c3a_4a7c_4be7),
        (0x405e_6f6f_2cd4_21a8, 0x4ae8_da75_68ee_c193),
        (0x3fd3_0d6e_a99b_a408, 0x3ff5_8c4a_8442_3327),
        (0xbfca_3267_ad92_6d80, 0x3fea_13d6_aec6_a0d8),
        (0xc041_a380_d2b8_5ced, 0x3cc1_36cc_2673_991f),
        (0xbffd_7da0_d84d_c8f2, 0x3fc4_43a7_45b3_07f1),
        (0xc031_ad4d_e622_86dd, 0x3e56_96ae_bd45_2226),
        (0xc039_fe2c_5e07_34e1, 0x3d96_a183_f152_875d),
        (0xbfed_72a1_386a_17e0, 0x3fd9_7fc0_0fd5_3615),
        (0x3fe9_ca7d_94f4_26dc, 0x4001_e930_ee62_24ee),
        (0xbfcb_d4f9_2dc9_2fe0, 0x3fe9_bf1b_1713_a0ec),
        (0xc02a_81fe_0c87_aaa4, 0x3ebd_6b44_0e46_ea2e),
        (0xc069_89d5_dde3_807a, 0x2d82_fc2a_383a_7b3e),
        (0xc041_69c7_2f27_728c, 0x3ccb_05fe_b375_a04f),
        (0xc034_23c5_7a98_db1f, 0x3e1e_cae3_309a_952e),
        (0x3ff4_6f14_b371_b554, 0x400c_b0ba_e5be_0804),
        (0xc037_635d_1911_5278, 0x3dd3_223d_230f_08af),
        (0x4084_48d7_4710_f992, 0x7a76_0514_0bec_b4ed),
        (0x406c_23c7_bb3a_8c84, 0x543b_69d7_5bfa_9b67),
        (0xc043_eb0a_6ea2_c461, 0x3c57_13e7_ffc3_4aa0),
        (0xbff7_f7f2_7279_de78, 0x3fcc_9deb_05f2_1450),
        (0xc02b_9a49_6d3c_ed84, 0x3eb1_0441_9e8d_2796),
        (0x3ff7_f806_2571_d15a, 0x4011_e452_6321_e27c),
        (0xbff9_5fa5_f425_d75e, 0x3fca_3603_2ef8_d1c6),
        (0xc040_3014_4454_e5c5, 0x3d03_9661_65ef_8d2d),
        (0xc07d_e043_1abe_7695, 0x14d4_a6a3_628c_73af),
    ];

    #[test]
    fn it_is_the_exponential_function() {
        for (x, expected) in EXACT {
            let found = exp(f64::from_bits(x)).to_bits();
            assert!(found.abs_diff(expected) <= 2, "{x:016x}: {found:016x}, {expected:016x}");
        }
        assert_eq!([exp(0.0), exp(-0.0)].map(f64::to_bits), [1.0_f64.to_bits(); 2]);
        let mut x = -708.0_f64;
        while x < 709.0 {
            let found = exp(x);
            assert!(found.to_bits().abs_diff(x.exp().to_bits()) <= 3, "{x:e}: {found:e}");
            assert!(found.is_normal());
            x += 0.013_7;
        }
    }

    #[test]
    fn beyond_normal_numbers_it_is_nothing_or_infinite() {
        for (x, expected) in [
            (-708.000_1, 0.0),
            (f64::NEG_INFINITY, 0.0),
            (f64::MIN, 0.0),
            (709.000_1, f64::INFINITY),
            (f64::MAX, f64::INFINITY),
            (f64::INFINITY, f64::INFINITY),
        ] {
            assert_eq!(exp(x).to_bits(), expected.to_bits(), "{x:e}");
        }
        assert!(exp(f64::NAN).is_nan());
        assert!(exp(LEAST).is_normal() && exp(GREATEST).is_normal());
    }

    #[test]
    fn its_bits_never_change() {
        let mut hash = 0xcbf2_9ce4_8422_2325_u64;
        for n in 0..200_000_u32 {
            let x = f64::from(n) * f64::from(n) / 6e7 - 300.0;
            hash = (hash ^ exp(x).to_bits()).wrapping_mul(0x100_0000_01b3);
        }
        assert_eq!(format!("{hash:016x}"), "515f1534c46cfd89");
    }
}
