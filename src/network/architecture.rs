//! What a network is: its size, its units, and what its output means.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::tasks::Loss;

/// How the summed input `z` of a unit becomes its drive.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Activation {
    /// `ln(1 + e^z)`.
    #[default]
    Softplus,
    /// `max(z, 0)`.
    Relu,
    /// `tanh z`.
    Tanh,
    /// `max(z, 0)^2`.
    Power,
    /// `tanh(max(z, 0))`.
    Retanh,
}

impl Activation {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Softplus, Self::Relu, Self::Tanh, Self::Power, Self::Retanh];

    /// The scale of the initial recurrent weights that suits this activation.
    pub fn recurrent_scale(self) -> f32 {
        match self {
            Self::Softplus | Self::Relu | Self::Retanh => 0.5,
            Self::Tanh => 1.0,
            Self::Power => 0.01,
        }
    }
}

/// The initial recurrent weights, before they are scaled to suit the activation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RecurrentInit {
    /// A random orthogonal matrix, each as likely as any other.
    #[default]
    Randortho,
    /// The identity.
    Diag,
    /// Independent normal numbers of variance `1 / units`.
    Randgauss,
}

/// A leaky recurrent network, with `z_t = x_t W_in + h_{t-1} W_rec + b + noise_t` and activation `f`:
///
/// `h_t = (1 - alpha) h_{t-1} + alpha f(z_t)`, `h_0 = 0`; the output is the sigmoid ([`Loss::Lsq`]) or
/// softmax ([`Loss::CrossEntropy`]) of `h_t W_out + b_out`. (Yang et al., *Nat. Neurosci.* 22:297, 2019.)
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Architecture {
    /// Input channels.
    pub n_input: usize,
    /// Recurrent units.
    pub units: usize,
    /// Output channels.
    pub n_output: usize,
    /// The activation `f`.
    pub activation: Activation,
    /// Time step over time constant.
    pub alpha: f32,
    /// Strength of the recurrent noise, whose standard deviation is `sigma_rec sqrt(2 / alpha)`.
    pub sigma_rec: f32,
    /// What the network is trained to minimise.
    pub loss: Loss,
}
