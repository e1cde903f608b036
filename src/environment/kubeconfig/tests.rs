//! Tables of the rules of `kubeconfig`.
