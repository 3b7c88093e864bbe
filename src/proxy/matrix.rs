//! Small dense matrices: what kernels of a batch are judged by.
//!
//! Must not know: networks. Invariant: sizes are those of a batch, so that cubes of them are nothing.

/// log |det| of a square matrix given by rows, by elimination with partial pivoting; −∞ where it is singular.
pub(super) fn log_determinant(mut rows: Vec<Vec<f64>>) -> f64 {
    let n = rows.len();
    let mut log = 0.0;
    for column in 0..n {
        let size = |row: &usize| rows[*row][column].abs();
        let pivot = (column..n).max_by(|a, b| size(a).total_cmp(&size(b))).unwrap_or(column);
        rows.swap(column, pivot);
        let (done, below) = rows.split_at_mut(column + 1);
        let pivot = &done[column];
        log += pivot[column].abs().ln();
        if pivot[column] == 0.0 {
            return f64::NEG_INFINITY;
        }
        for row in below {
            let factor = row[column] / pivot[column];
            row.iter_mut().zip(pivot).skip(column).for_each(|(x, p)| *x -= factor * p);
        }
    }
    log
}

/// Eigenvalues of a symmetric matrix given by rows, ascending, by Jacobi's rotations (Golub & Van Loan, §8.5).
pub(super) fn eigenvalues(mut a: Vec<Vec<f64>>) -> Vec<f64> {
    /// It converges quadratically: some ten sweeps are enough for any matrix.
    const SWEEPS: usize = 64;
    let n = a.len();
    for _ in 0..SWEEPS {
        let off: f64 = (0..n).map(|i| (0..i).map(|j| a[i][j].powi(2)).sum::<f64>()).sum();
        let all: f64 = a.iter().flatten().map(|x| x * x).sum();
        // Squares: what is left moves no eigenvalue by more than its last digits.
        if off.is_nan() || off <= 1e-32 * all {
            break;
        }
        for p in 0..n {
            for q in p + 1..n {
                rotate(&mut a, p, q);
            }
        }
    }
    let mut values: Vec<f64> = (0..n).map(|i| a[i][i]).collect();
    values.sort_by(f64::total_cmp);
    values
}

/// Makes elements (p, q) and (q, p) zero by a rotation from both sides.
fn rotate(a: &mut [Vec<f64>], p: usize, q: usize) {
    if a[p][q] == 0.0 {
        return;
    }
    let tau = (a[q][q] - a[p][p]) / (2.0 * a[p][q]);
    let t = tau.signum() / (tau.abs() + tau.hypot(1.0));
    let c = 1.0 / t.hypot(1.0);
    let s = t * c;
    for row in a.iter_mut() {
        let (x, y) = (row[p], row[q]);
        (row[p], row[q]) = (c * x - s * y, s * x + c * y);
    }
    let (first, second) = a.split_at_mut(q);
    for (x, y) in first[p].iter_mut().zip(&mut second[0]) {
        (*x, *y) = (c * *x - s * *y, s * *x + c * *y);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nn::{
        Device, Engine,
        golden::{Golden, GoldenNormals},
    };

    #[test]
    fn determinants_and_eigenvalues_of_known_matrices() {
        // Second differences: eigenvalues 2 − 2·cos(kπ / (n + 1)), determinant n + 1.
        let n = 12;
        let entry = |i: usize, j: usize| match i.abs_diff(j) {
            0 => 2.0,
            1 => -1.0,
            _ => 0.0,
        };
        let matrix: Vec<Vec<f64>> = (0..n).map(|i| (0..n).map(|j| entry(i, j)).collect()).collect();
        assert!((log_determinant(matrix.clone()) - 13.0_f64.ln()).abs() < 1e-12);
        let expected = (1..=n).map(|k| 2.0 - 2.0 * (k as f64 * std::f64::consts::PI / 13.0).cos());
        for (found, expected) in eigenvalues(matrix).into_iter().zip(expected) {
            assert!((found - expected).abs() < 1e-12, "{found} {expected}");
        }
        // A pivot of 0 in front, and a negative determinant.
        assert!(
            (log_determinant(vec![vec![0.0, 2.0], vec![3.0, 0.0]]) - 6.0_f64.ln()).abs() < 1e-15
        );
        assert_eq!(log_determinant(vec![vec![1.0, 1.0], vec![1.0, 1.0]]), f64::NEG_INFINITY);
        assert_eq!(eigenvalues(vec![vec![3.0]]), [3.0]);
        let singular = eigenvalues(vec![vec![1.0, 1.0], vec![1.0, 1.0]]);
        assert!(singular[0].abs() < 1e-15 && (singular[1] - 2.0).abs() < 1e-15, "{singular:?}");
    }

    /// The reference's NASWOT from its K, and the eigenvalues of its tangent kernel.
    #[test]
    fn golden_kernels_are_judged_alike() {
        let engine = Engine::new(Device::cpu()).expect("a thread");
        for vector in Golden::load().vectors {
            let Some(expected) = &vector.quantities else { continue };
            let naswot = log_determinant(expected.naswot_k.clone());
            assert!((naswot / expected.naswot - 1.0).abs() < 1e-12, "{}: {naswot}", vector.name);
            let (network, mut source) = (vector.network(), GoldenNormals::new(&vector));
            let kernel = engine.tangent_kernel(&network, vector.num_classes, &mut source);
            let found = eigenvalues(kernel.expect("a small network runs"));
            for (found, expected) in found.iter().zip(&expected.ntk_eigenvalues) {
                assert!(
                    (found / expected - 1.0).abs() < 1e-6,
                    "{}: {found} {expected}",
                    vector.name
                );
            }
            let kappa = found[found.len() - 1] / found[0];
            assert!((kappa / expected.ntk_cond_gaussian_weights - 1.0).abs() < 1e-6);
        }
    }

    #[test]
    fn broken_numbers_end() {
        assert!(log_determinant(vec![vec![f64::NAN, 1.0], vec![1.0, 1.0]]).is_nan());
        assert_eq!(eigenvalues(vec![vec![f64::NAN, 1.0], vec![1.0, 1.0]]).len(), 2);
    }
}
