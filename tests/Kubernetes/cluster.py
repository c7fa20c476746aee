# SPDX-License-Identifier: Apache-2.0
"""A Kubernetes cluster without nodes of its own: a real kube-apiserver on a real etcd, with certificates and RBAC, and kubectl to write to it. No controller runs, so what is applied stays."""
import http.client
import json
import os
import ssl
import subprocess

from namespaces import until

ADMINISTRATOR = "administrator"


class Cluster:
    def __init__(self, binaries, folder, address):
        self.binaries, self.folder, self.address = binaries, folder, address
        self.server, self.etcd = None, None
        os.makedirs(folder)
        self.log = open(f"{folder}/log", "a")
        self.certify()

    # Certificates

    def openssl(self, *words):
        subprocess.run(["openssl", *words], check=True, capture_output=True, cwd=self.folder)

    def certify(self):
        key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")
        for authority in ("ca", "other-ca"):
            self.openssl("req", "-x509", *key, "-days", "2", "-subj", f"/CN={authority}", "-keyout", f"{authority}.key", "-out", f"{authority}.crt")
        for name, subject, extension in (("server", "/CN=kube-apiserver", f"subjectAltName=IP:{self.address}"), (ADMINISTRATOR, "/O=system:masters/CN=administrator", "extendedKeyUsage=clientAuth")):
            self.openssl("req", *key, "-subj", subject, "-addext", extension, "-keyout", f"{name}.key", "-out", f"{name}.csr")
            self.openssl("x509", "-req", "-in", f"{name}.csr", "-CA", "ca.crt", "-CAkey", "ca.key", "-CAcreateserial", "-days", "2", "-copy_extensions", "copy", "-out", f"{name}.crt")
        self.openssl("genrsa", "-out", "accounts.key", "2048")
        self.kubeconfig(ADMINISTRATOR, {"client-certificate": f"{self.folder}/{ADMINISTRATOR}.crt", "client-key": f"{self.folder}/{ADMINISTRATOR}.key"})

    def kubeconfig(self, name, user, authority="ca"):
        """Writes one, and returns its path. What Penstock reads has to be out of the reach of others."""
        path = f"{self.folder}/{name}.kubeconfig"
        text = json.dumps({
            "apiVersion": "v1", "kind": "Config", "current-context": "one",
            "clusters": [{"name": "one", "cluster": {"server": f"https://{self.address}:6443", "certificate-authority": f"{self.folder}/{authority}.crt"}}],
            "users": [{"name": "one", "user": user}], "contexts": [{"name": "one", "context": {"cluster": "one", "user": "one"}}]})
        write(path, text)
        return path

    # The processes

    def start(self):
        """Starts etcd, where it does not run, and the API server, and waits until that is ready."""
        if self.etcd is None:
            self.etcd = self.run("etcd", "--data-dir", f"{self.folder}/etcd", "--listen-client-urls", "http://127.0.0.1:2379", "--advertise-client-urls", "http://127.0.0.1:2379",
                                 "--listen-peer-urls", "http://127.0.0.1:2380", "--unsafe-no-fsync=true")
        f = self.folder
        self.server = self.run(
            "kube-apiserver", "--etcd-servers=http://127.0.0.1:2379", f"--bind-address={self.address}", f"--advertise-address={self.address}", f"--tls-cert-file={f}/server.crt",
            f"--tls-private-key-file={f}/server.key", f"--client-ca-file={f}/ca.crt", f"--service-account-key-file={f}/accounts.key", f"--service-account-signing-key-file={f}/accounts.key",
            "--service-account-issuer=https://kubernetes.default.svc", "--authorization-mode=RBAC", "--service-cluster-ip-range=10.96.0.0/16",
            "--feature-gates=EndpointSliceTerminatingCondition=true")  # 1.20 has `serving` and `terminating` behind a gate
        until(self.is_ready, "the API server is ready", limit=180)

    def run(self, program, *words):
        return subprocess.Popen([f"{self.binaries}/{program}", *words], stdout=self.log, stderr=self.log, cwd=self.folder)

    def is_ready(self):
        if self.server.poll() is not None:
            raise RuntimeError(f"the API server ended with {self.server.returncode}: {self.folder}/log")
        return subprocess.run([f"{self.binaries}/kubectl", f"--kubeconfig={self.folder}/{ADMINISTRATOR}.kubeconfig", "get", "--raw", "/readyz"], capture_output=True).returncode == 0

    def stop(self):
        """Stops the API server; etcd, and so what it knows, stays."""
        end(self.server)

    # What is written

    def kubectl(self, *words, text=None):
        done = subprocess.run([f"{self.binaries}/kubectl", f"--kubeconfig={self.folder}/{ADMINISTRATOR}.kubeconfig", *words], input=text, capture_output=True, text=True)
        if done.returncode != 0:
            raise RuntimeError(f"kubectl {' '.join(words)}: {done.stderr}")
        return done.stdout

    def apply(self, *objects):
        """`kubectl apply` of objects: a second time it changes them."""
        return self.kubectl("apply", "-f", "-", text=json.dumps({"apiVersion": "v1", "kind": "List", "items": objects}))

    def token(self, account, namespace, secret):
        """A token of a service account that ends with a Secret, as kubectl 1.24 and later ask for it with `create token --bound-object-kind Secret`."""
        self.kubectl("-n", namespace, "create", "secret", "generic", secret)
        request = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest",
                   "spec": {"audiences": ["https://kubernetes.default.svc"], "expirationSeconds": 3600, "boundObjectRef": {"apiVersion": "v1", "kind": "Secret", "name": secret}}}
        said = self.kubectl("create", "--raw", f"/api/v1/namespaces/{namespace}/serviceaccounts/{account}/token", "-f", "-", text=json.dumps(request))
        return json.loads(said)["status"]["token"]

    def connect(self):
        """A connection as administrator, for what would take kubectl minutes."""
        context = ssl.create_default_context(cafile=f"{self.folder}/ca.crt")
        context.load_cert_chain(f"{self.folder}/{ADMINISTRATOR}.crt", f"{self.folder}/{ADMINISTRATOR}.key")
        return http.client.HTTPSConnection(self.address, 6443, context=context, timeout=60)


def ask(connection, method, path, body=None):
    connection.request(method, path, body=None if body is None else json.dumps(body), headers={"Content-Type": "application/json"})
    response = connection.getresponse()
    text = response.read()
    if response.status >= 300:
        raise RuntimeError(f"{method} {path}: {response.status} {text[:500]}")
    return text


def end(process):
    if process is not None and process.poll() is None:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def write(path, text):
    """Writes a file whole, by a rename, for its owner alone."""
    with open(os.open(path + ".new", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(text)
    os.replace(path + ".new", path)


def service(namespace, name, ports, **spec):
    """A Service of type NodePort without a selector: what is behind it is said by slices that are applied."""
    ports = [{"name": port, "protocol": "TCP", "port": number, "targetPort": number, **more} for port, number, more in ports]
    return {"apiVersion": "v1", "kind": "Service", "metadata": {"namespace": namespace, "name": name}, "spec": {"type": "NodePort", "ports": ports, **spec}}


def pod(address, node="", ready=True, serving=None, terminating=False):
    serving = ready if serving is None else serving
    return {"addresses": [address], "conditions": {"ready": ready, "serving": serving, "terminating": terminating}, **({"topology": {"kubernetes.io/hostname": node}} if node else {})}


def slice_of(namespace, service_name, name, ports, pods):
    return {"apiVersion": "discovery.k8s.io/v1beta1", "kind": "EndpointSlice", "addressType": "IPv4",
            "metadata": {"namespace": namespace, "name": name, "labels": {"kubernetes.io/service-name": service_name}},
            "ports": [{"name": port, "protocol": "TCP", "port": number} for port, number in ports], "endpoints": pods}


def node(name, address, is_ready=True):
    return {"apiVersion": "v1", "kind": "Node", "metadata": {"name": name},
            "status": {"addresses": [{"type": "InternalIP", "address": address}], "conditions": [{"type": "Ready", "status": str(is_ready), "reason": "Said", "message": "said"}]}}
