"""Bob's machine, working on the same project."""

import mlflow
from sklearn.datasets import make_classification
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split

X, y = make_classification(n_samples=1000, n_features=20, random_state=42)
X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=0.2, random_state=42)

mlflow.set_experiment("Churn Prediction")
with mlflow.start_run(run_name="Bob's Hyperparameter Tune"):
    params = {"solver": "liblinear", "C": 0.5, "random_state": 42}
    mlflow.log_params(params)

    model = LogisticRegression(**params)
    model.fit(X_train, y_train)

    accuracy = model.score(X_test, y_test)
    mlflow.log_metric("accuracy", accuracy)

    mlflow.sklearn.log_model(model, "model")
    print(f"Bob's run logged. Accuracy: {accuracy:.4f}")
