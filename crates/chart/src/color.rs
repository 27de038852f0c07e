//! Colours: the palette of lines, the ramp of values and the two themes.

/// A colour of the screen (sRGB).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rgb(
    /// Red.
    pub u8,
    /// Green.
    pub u8,
    /// Blue.
    pub u8,
);

impl Rgb {
    pub(crate) const fn hex(code: u32) -> Rgb {
        Rgb((code >> 16) as u8, (code >> 8) as u8, code as u8)
    }

    /// As CSS writes it: `#2879dc`.
    pub fn css(self) -> String {
        format!("#{:02x}{:02x}{:02x}", self.0, self.1, self.2)
    }

    /// This colour moved towards another by a share in 0..=1.
    pub fn mix(self, other: Rgb, share: f64) -> Rgb {
        let blend = |a: u8, b: u8| (f64::from(a) + (f64::from(b) - f64::from(a)) * share).round() as u8;
        Rgb(blend(self.0, other.0), blend(self.1, other.1), blend(self.2, other.2))
    }
}

/// The colours of lines. Each has a contrast of at least 3:1 (WCAG, graphical objects) on white and on `#0f1115`, so a
/// run keeps its colour in both themes; the order keeps neighbours far apart, also to eyes without red or green cones.
pub const PALETTE: [Rgb; 12] = [
    Rgb::hex(0x2879dc),
    Rgb::hex(0xb6341f),
    Rgb::hex(0x2f9b79),
    Rgb::hex(0xcd32b3),
    Rgb::hex(0x9a537e),
    Rgb::hex(0xbd6614),
    Rgb::hex(0xe8605d),
    Rgb::hex(0xc87ca9),
    Rgb::hex(0x5b694a),
    Rgb::hex(0x259cde),
    Rgb::hex(0x0179a3),
    Rgb::hex(0x1e56ea),
];

/// The colour of the line with this index: the palette in order, then once more lighter, then darker, then again.
pub fn series_color(index: usize) -> Rgb {
    let color = PALETTE[index % PALETTE.len()];
    match (index / PALETTE.len()) % 3 {
        0 => color,
        1 => color.mix(Rgb(255, 255, 255), 0.3),
        _ => color.mix(Rgb(0, 0, 0), 0.3),
    }
}

/// Viridis at nine places: equal steps look equal, also to eyes without red or green cones.
const VIRIDIS: [Rgb; 9] = [
    Rgb::hex(0x440154),
    Rgb::hex(0x472d7b),
    Rgb::hex(0x3b528b),
    Rgb::hex(0x2c728e),
    Rgb::hex(0x21918c),
    Rgb::hex(0x28ae80),
    Rgb::hex(0x5ec962),
    Rgb::hex(0xaddc30),
    Rgb::hex(0xfde725),
];

/// The colour of a value that lies at this share (0..=1) of its axis. Each theme has the part of the ramp that stands
/// out on its background; higher is lighter on both.
pub fn ramp_color(share: f64, theme: &Theme) -> Rgb {
    let (first, last) = if theme.is_dark() { (0.25, 1.0) } else { (0.0, 0.72) };
    let share = if share.is_nan() { 0.0 } else { share.clamp(0.0, 1.0) };
    let place = (first + share * (last - first)) * (VIRIDIS.len() - 1) as f64;
    let below = (place as usize).min(VIRIDIS.len() - 2);
    VIRIDIS[below].mix(VIRIDIS[below + 1], place - below as f64)
}

/// The colours of everything but the lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Theme {
    /// What the chart lies on.
    pub background: Rgb,
    /// The title.
    pub text: Rgb,
    /// Tick labels, legend and notes.
    pub muted: Rgb,
    /// The hairlines behind the lines.
    pub grid: Rgb,
    /// The line under the plot and its tick marks.
    pub axis: Rgb,
}

impl Theme {
    /// On white.
    pub const LIGHT: Theme = Theme {
        background: Rgb::hex(0xffffff),
        text: Rgb::hex(0x1a1d23),
        muted: Rgb::hex(0x626b79),
        grid: Rgb::hex(0xeceef2),
        axis: Rgb::hex(0xc8cdd6),
    };

    /// On near-black.
    pub const DARK: Theme = Theme {
        background: Rgb::hex(0x0f1115),
        text: Rgb::hex(0xe8eaef),
        muted: Rgb::hex(0x8d96a5),
        grid: Rgb::hex(0x1f232b),
        axis: Rgb::hex(0x3a414d),
    };

    /// Whether the text is lighter than what it lies on.
    fn is_dark(&self) -> bool {
        let light = |Rgb(red, green, blue): Rgb| u32::from(red) + u32::from(green) + u32::from(blue);
        light(self.text) > light(self.background)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn linear(color: Rgb) -> [f64; 3] {
        [color.0, color.1, color.2].map(|c| {
            let c = f64::from(c) / 255.0;
            if c <= 0.04045 { c / 12.92 } else { ((c + 0.055) / 1.055).powf(2.4) }
        })
    }

    fn contrast(a: Rgb, b: Rgb) -> f64 {
        let luminance = |color| {
            let [r, g, b] = linear(color);
            0.2126 * r + 0.7152 * g + 0.0722 * b + 0.05
        };
        let (a, b) = (luminance(a), luminance(b));
        a.max(b) / a.min(b)
    }

    fn times(m: [[f64; 3]; 3], v: [f64; 3]) -> [f64; 3] {
        m.map(|row| row.iter().zip(v).map(|(a, b)| a * b).sum())
    }

    /// Björn Ottosson's Oklab: distances in it are about as large as they look.
    fn oklab(linear: [f64; 3]) -> [f64; 3] {
        let cones = times(
            [
                [0.4122214708, 0.5363325363, 0.0514459929],
                [0.2119034982, 0.6806995451, 0.1073969566],
                [0.0883024619, 0.2817188376, 0.6299787005],
            ],
            linear,
        );
        times(
            [
                [0.2104542553, 0.7936177850, -0.0040720468],
                [1.9779984951, -2.4285922050, 0.4505937099],
                [0.0259040371, 0.7827717662, -0.8086757660],
            ],
            cones.map(|c| c.max(0.0).cbrt()),
        )
    }

    const NORMAL: [[f64; 3]; 3] = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]];
    /// Machado, Oliveira and Fernandes 2009, full severity.
    const PROTANOPIA: [[f64; 3]; 3] =
        [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]];
    const DEUTERANOPIA: [[f64; 3]; 3] =
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]];

    #[test]
    fn lines_stand_out_on_both_themes() {
        for color in PALETTE {
            for theme in [Theme::LIGHT, Theme::DARK] {
                let ratio = contrast(color, theme.background);
                assert!(ratio >= 3.0, "{} on {}: {ratio:.2}", color.css(), theme.background.css());
            }
        }
    }

    #[test]
    fn labels_are_legible_on_both_themes() {
        for theme in [Theme::LIGHT, Theme::DARK] {
            assert!(contrast(theme.muted, theme.background) >= 4.5);
            assert!(contrast(theme.text, theme.background) >= 7.0);
        }
    }

    #[test]
    fn colours_differ_for_colour_blind_eyes() {
        for (i, a) in PALETTE.iter().enumerate() {
            for b in &PALETTE[..i] {
                for eye in [NORMAL, PROTANOPIA, DEUTERANOPIA] {
                    let seen = |c: Rgb| oklab(times(eye, linear(c)).map(|c| c.clamp(0.0, 1.0)));
                    let distance =
                        seen(*a).iter().zip(seen(*b)).map(|(a, b)| (a - b).powi(2)).sum::<f64>().sqrt();
                    assert!(distance >= 0.06, "{} and {}: {distance:.3}", a.css(), b.css());
                }
            }
        }
    }

    #[test]
    fn equal_steps_of_the_ramp_look_equal() {
        for theme in [Theme::LIGHT, Theme::DARK] {
            let ramp: Vec<Rgb> = (0..=10).map(|i| ramp_color(f64::from(i) / 10.0, &theme)).collect();
            for color in &ramp {
                let ratio = contrast(*color, theme.background);
                assert!(ratio >= 2.2, "{} on {}: {ratio:.2}", color.css(), theme.background.css());
            }
            for eye in [NORMAL, PROTANOPIA, DEUTERANOPIA] {
                let seen = |c: Rgb| oklab(times(eye, linear(c)).map(|c| c.clamp(0.0, 1.0)));
                for pair in ramp.windows(2) {
                    let (a, b) = (seen(pair[0]), seen(pair[1]));
                    let distance = a.iter().zip(b).map(|(a, b)| (a - b).powi(2)).sum::<f64>().sqrt();
                    assert!(a[0] < b[0], "{} is not lighter", pair[1].css());
                    assert!((0.03..0.08).contains(&distance), "{}: {distance:.3}", pair[1].css());
                }
            }
        }
        assert_eq!(ramp_color(0.0, &Theme::LIGHT).css(), "#440154");
        assert_eq!(ramp_color(7.0, &Theme::DARK).css(), "#fde725");
        assert_eq!(ramp_color(f64::NAN, &Theme::LIGHT), ramp_color(0.0, &Theme::LIGHT));
    }

    #[test]
    fn colours_after_the_palette_are_shifted_not_repeated() {
        let n = PALETTE.len();
        assert_eq!(series_color(0).css(), "#2879dc");
        assert_ne!(series_color(n), series_color(0));
        assert_ne!(series_color(2 * n), series_color(n));
        assert_eq!(series_color(3 * n), series_color(0));
    }
}
