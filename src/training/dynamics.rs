//! How a model computes and how trials are coded for it.

use serde::{Deserialize, Serialize};

use crate::network::{Activation, Architecture};
use crate::tasks::{Coding, Encoding, Loss, Ring};

/// How a model computes. Together with weights this is all that simulating it takes.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Dynamics {
    /// Recurrent units.
    pub units: usize,
    /// Activation function.
    pub activation: Activation,
    /// Loss, which decides the output's nonlinearity.
    pub loss: Loss,
    /// Time step in ms.
    pub dt_ms: u32,
    /// Time constant in ms.
    pub tau_ms: u32,
    /// Strength of the recurrent noise.
    pub sigma_rec: f64,
    /// Strength of the input noise.
    pub sigma_x: f64,
    /// Location units of a ring.
    pub ring_units: usize,
    /// Input rings.
    pub rings: usize,
    /// How stimuli are coded.
    pub coding: Coding,
    /// Rule units.
    pub rules: usize,
}

impl Dynamics {
    /// Of the paper's network: 256 units, six tasks at 8 locations (Xie et al., *Front. Syst. Neurosci.*
    /// 16:760864, 2022).
    pub const PAPER: Self = Self {
        units: 256,
        activation: Activation::Softplus,
        loss: Loss::Lsq,
        dt_ms: 20,
        tau_ms: 100,
        sigma_rec: 0.05,
        sigma_x: 0.01,
        ring_units: 8,
        rings: 1,
        coding: Coding::Gaussian,
        rules: 6,
    };

    /// `dt / tau`.
    pub fn alpha(&self) -> f32 {
        (f64::from(self.dt_ms) / f64::from(self.tau_ms)) as f32
    }

    /// How trials are coded for it, with one rule unit on.
    pub fn encoding(&self, rule: usize) -> Encoding {
        Encoding {
            dt_ms: self.dt_ms,
            ring: Ring { units: self.ring_units, rings: self.rings, coding: self.coding },
            loss: self.loss,
            n_rule: self.rules,
            rule: Some(rule),
        }
    }

    /// Its shape and its equations.
    pub fn architecture(&self) -> Architecture {
        let encoding = self.encoding(0);
        Architecture {
            n_input: encoding.n_input(),
            units: self.units,
            n_output: encoding.n_output(),
            activation: self.activation,
            alpha: self.alpha(),
            sigma_rec: self.sigma_rec as f32,
            loss: self.loss,
        }
    }
}
